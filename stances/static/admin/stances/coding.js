/* Coding in the text: words chosen in the article fill in the form, suggestions the fields that nobody has filled, and
   single keys do what is done most. Everything here has a way without script. */
window.django.jQuery(() => {
  "use strict";

  const desk = document.querySelector(".coding");
  if (!desk) return;
  const form = desk.querySelector("form#statement_form");
  const article = desk.querySelector(".article");
  const byName = (name) => form.elements.namedItem(name);
  const may = Boolean(form && byName("summary"));
  const isNew = desk.dataset.page === "add";
  const $ = window.django.jQuery;

  // ---- places in the text: code points from its beginning, links to statements not counted ----

  const points = (text) => Array.from(text).length;
  const texts = (paragraph) => {
    const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT, (node) =>
      node.parentElement.closest(".chip") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT
    );
    const found = [];
    while (walker.nextNode()) found.push(walker.currentNode);
    return found;
  };
  const words = (paragraph) => texts(paragraph).map((node) => node.data).join("");

  /** Give the part of a paragraph that a range covers, in code points of the paragraph; null where it covers none. */
  const covered = (paragraph, range) => {
    let before = 0, start = null, end = null;
    for (const node of texts(paragraph)) {
      const length = points(node.data);
      if (range.intersectsNode(node)) {
        const from = node === range.startContainer ? points(node.data.slice(0, range.startOffset)) : 0;
        const to = node === range.endContainer ? points(node.data.slice(0, range.endOffset)) : length;
        if (to > from) {
          start = start === null ? before + from : start;
          end = before + to;
        }
      }
      before += length;
    }
    return start === null ? null : [start, end];
  };

  const trimmed = (letters, start, end, beyond) => {
    while (start < end && /\s/u.test(letters[start])) start += 1;
    while (end > start && /\s/u.test(letters[end - 1])) end -= 1;
    if (beyond) while (end > start && (letters[end - 1] === beyond || /\s/u.test(letters[end - 1]))) end -= 1;
    return [start, end];
  };

  /** Read the selection as a statement has it: of what is quoted, the words within the marks; else all of it. */
  const selected = () => {
    const selection = document.getSelection();
    if (!article || !selection.rangeCount || selection.isCollapsed) return null;
    const range = selection.getRangeAt(0);
    const whole = [], pieces = [];
    article.querySelectorAll("p[data-start]").forEach((paragraph, index) => {
      if (!range.intersectsNode(paragraph)) return;
      const part = covered(paragraph, range);
      if (!part) return;
      const letters = Array.from(words(paragraph));
      const offset = Number(paragraph.dataset.start);
      const keep = (list, [start, end]) => {
        if (end > start) {
          list.push({ number: index + 1, start: offset + start, end: offset + end, text: letters.slice(start, end).join("") });
        }
      };
      keep(whole, trimmed(letters, ...part));
      for (const span of paragraph.dataset.quoted.split(" ").filter(Boolean)) {
        const [open, close] = span.split("-").map(Number);
        keep(pieces, trimmed(letters, Math.max(part[0], open), Math.min(part[1], close), ","));
      }
    });
    const parts = pieces.length ? pieces : whole;
    if (!parts.length) return null;
    const [first, last] = [parts[0], parts[parts.length - 1]];
    return {
      start: first.start,
      end: last.end,
      locator: first.number === last.number ? `${first.number}` : `${first.number}-${last.number}`,
      quote: pieces.map((piece) => piece.text).join(" … "),
    };
  };

  /** Give the node and the place in it of a code point of a paragraph, counted from the paragraph's beginning. */
  const spotOf = (paragraph, place) => {
    let before = 0;
    const nodes = texts(paragraph);
    for (const node of nodes) {
      const letters = Array.from(node.data);
      if (place <= before + letters.length) return [node, letters.slice(0, place - before).join("").length];
      before += letters.length;
    }
    return nodes.length ? [nodes.at(-1), nodes.at(-1).data.length] : null;
  };
  /** Mark the words that the form is about, which may not be saved yet, and give the paragraph where they begin. */
  const markChosen = () => {
    const [start, end] = ["start", "end"].map((name) => (byName(name)?.value ? Number(byName(name).value) : NaN));
    if (!article || Number.isNaN(start) || Number.isNaN(end)) return null;
    const lines = [...article.querySelectorAll("p[data-start]")];
    const at = (place) => lines.findLast((line) => Number(line.dataset.start) <= place);
    const [first, last] = [at(start), at(end)];
    if (!first || !last) return null;
    const [from, to] = [spotOf(first, start - Number(first.dataset.start)), spotOf(last, end - Number(last.dataset.start))];
    if (from && to && CSS.highlights) {
      const range = document.createRange();
      range.setStart(...from);
      range.setEnd(...to);
      CSS.highlights.set("chosen", new Highlight(range));
    }
    return first;
  };

  const fill = (name, value) => {
    const field = byName(name);
    if (field && field.value !== String(value)) {
      field.value = value;
      field.dispatchEvent(new Event("change", { bubbles: true }));
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };

  const focusOn = (field) => {
    const shown = field.matches(".admin-autocomplete") ? field.parentElement.querySelector(".select2-selection") : field;
    (shown || field).focus();
  };

  const say = (text) => {
    const told = desk.querySelector(".from-selection output");
    if (told) told.textContent = text;
  };

  const startStatement = () => {
    const chosen = selected();
    if (!chosen) return say("Nothing is selected: select the speaker's words in the article first.");
    if (!isNew || !may) {
      const address = new URL(desk.dataset.new, window.location);
      address.searchParams.set("start", chosen.start);
      address.searchParams.set("end", chosen.end);
      window.location.assign(address);
      return undefined;
    }
    const begun = byName("end").value && Number(byName("end").value) !== chosen.end && (byName("speaker").value || byName("summary").value);
    if (begun && !window.confirm("This statement is not saved yet. Take other words for it?")) return undefined;
    fill("quote", chosen.quote);
    fill("form", chosen.quote ? "direct" : "indirect");
    for (const name of ["locator", "start", "end"]) fill(name, chosen[name]);
    markChosen();
    say(`Paragraph ${chosen.locator} is taken over, ${chosen.quote ? "as a direct quotation" : "as indirect speech: none of it is quoted"}.`);
    if (!byName("speaker").value) focusOn(byName("speaker"));
    return undefined;
  };

  // ---- words chosen by keyboard: arrows go from word to word, up and down from paragraph to paragraph ----

  const spots = { from: null, to: null };
  const wordsOf = (paragraph) => [...words(paragraph).matchAll(/\S+/gu)].map((found) => [found.index, found.index + found[0].length]);
  const nodeAt = (paragraph, place, closing) => {
    let before = 0;
    for (const node of texts(paragraph)) {
      const end = before + node.data.length;
      if (place < end || (closing && place === end)) return [node, place - before];
      before = end;
    }
    return null;
  };
  const step = (lines, spot, key) => {
    let [line, word] = spot;
    if (key === "ArrowRight") word += 1;
    if (key === "ArrowLeft") word -= 1;
    if (key === "ArrowDown" || key === "ArrowUp") {
      line += key === "ArrowDown" ? 1 : -1;
      word = 0;
    }
    if (line < 0) return [0, 0];
    if (line >= lines.length) return [lines.length - 1, wordsOf(lines[lines.length - 1]).length - 1];
    if (word < 0) return line ? [line - 1, wordsOf(lines[line - 1]).length - 1] : spot;
    if (word >= wordsOf(lines[line]).length) return line + 1 < lines.length ? [line + 1, 0] : spot;
    return [line, word];
  };
  const show = (lines) => {
    const order = [spots.from, spots.to].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const start = nodeAt(lines[order[0][0]], wordsOf(lines[order[0][0]])[order[0][1]][0], false);
    const end = nodeAt(lines[order[1][0]], wordsOf(lines[order[1][0]])[order[1][1]][1], true);
    document.getSelection().setBaseAndExtent(...start, ...end);
    const seen = nodeAt(lines[spots.to[0]], wordsOf(lines[spots.to[0]])[spots.to[1]][0], false);
    seen[0].parentElement.scrollIntoView({ block: "nearest" });
  };
  if (article) {
    article.addEventListener("keydown", (event) => {
      if (!event.key.startsWith("Arrow") || event.ctrlKey || event.altKey || event.metaKey || event.target !== article) return;
      const lines = [...article.querySelectorAll("p[data-start]")];
      if (!lines.length) return;
      event.preventDefault();
      spots.to = spots.to ? step(lines, spots.to, event.key) : [0, 0];
      if (!event.shiftKey || !spots.from) spots.from = spots.to;
      show(lines);
    });
    article.addEventListener("click", (event) => {
      const mark = event.target.closest("mark");
      if (!mark || !document.getSelection().isCollapsed) return;
      const link = desk.querySelector(`.coded li:nth-child(${mark.dataset.statement}) a`);
      if (link) link.click();
    });
    const button = desk.querySelector(".from-selection button");
    if (desk.dataset.new && (may || desk.querySelector("a[href^='" + desk.dataset.new + "']"))) {
      button.parentElement.hidden = false;
      button.addEventListener("mousedown", (event) => event.preventDefault()); // which would lose the selection
      button.addEventListener("click", startStatement);
    }
    const current = article.querySelector("mark.current") || (form && markChosen());
    if (current) current.scrollIntoView({ block: "center" });
    window.scrollTo(0, 0); // an article scrolls in itself
    if (isNew && may && !form.querySelector(".errorlist")) {
      if (byName("end").value && !byName("speaker").value) focusOn(byName("speaker"));
      else article.focus({ preventScroll: true });
    }
  }
  if (!may) return;

  // ---- the library names its boxes by what is chosen in them alone, and so an empty one by nothing ----

  const nameBoxes = (within) => {
    for (const box of within.querySelectorAll(".select2-selection[aria-labelledby]")) {
      const select = box.closest(".related-widget-wrapper")?.querySelector("select") || box.closest(".select2").previousElementSibling;
      const label = select && form.querySelector(`label[for="${select.id}"]`);
      if (!label) continue;
      label.id = `${select.id}-label`;
      const chosen = box.querySelector(".select2-selection__rendered");
      box.setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
      for (const name of ["role", "aria-readonly"]) chosen.removeAttribute(name); // no field within the field
    }
  };
  nameBoxes(form);
  document.addEventListener("formset:added", (event) => nameBoxes(event.target));

  // ---- stances: the row that has focus ----

  const rows = () => [...form.querySelectorAll(".inline-related.dynamic-stances, .inline-related.has_original")];
  const field = (row, name) => row && row.querySelector(`[name$="-${name}"]`);
  const tiles = (row, name) => (row ? [...row.querySelectorAll(`.tiles input[name$="-${name}"]`)] : []);
  let chosenRow = null;
  const currentRow = () => (chosenRow && chosenRow.isConnected ? chosenRow : rows()[0]);
  form.addEventListener("focusin", (event) => {
    const row = event.target.closest(".inline-related");
    if (!row) return;
    if (chosenRow) chosenRow.classList.remove("in-focus");
    chosenRow = row;
    row.classList.add("in-focus");
  });

  const set = (element, value) => {
    if (!element || element.value === value) return;
    element.value = value;
    element.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const choose = (select, id, name) => {
    if (!select || select.value === id) return;
    if (![...select.options].some((option) => option.value === id)) select.append(new Option(name, id));
    $(select).val(id).trigger("change");
  };
  const SIDES = ["-2", "-1", "0", "1", "2"];
  const TERMS = ["proviso", "time", "scope", "leaning"];
  const taken = (row, name) => (tiles(row, name).find((tile) => tile.checked) || { value: "" }).value;
  /** Choose one of the tiles of a row by its value; none where the value is none of theirs. */
  const take = (row, name, value) => {
    const all = tiles(row, name);
    const wanted = all.find((tile) => value && tile.value === value);
    const told = wanted || all.find((tile) => tile.checked);
    all.forEach((tile) => { tile.checked = tile === wanted; });
    if (told) told.dispatchEvent(new Event("change", { bubbles: true }));
  };
  form.addEventListener("change", ({ target }) => {
    // The whole sides have no terms; what was chosen goes with the tiles that are no longer shown.
    if (target.matches(".sides input:checked") && !["1", "-1"].includes(target.value)) {
      take(target.closest(".inline-related"), "terms", "");
    }
  });
  const addStance = () => {
    const link = form.querySelector("#stances-group .add-row a");
    if (!link) return null;
    link.click();
    return rows().at(-1);
  };

  // ---- suggestions: for fields that are empty, or still hold the last one ----

  let members = [];
  const output = (beside, text) => {
    const box = beside.closest(".related-widget-wrapper") || beside;
    let told = box.parentElement.querySelector("output.suggested");
    if (!told) {
      told = document.createElement("output");
      told.className = "suggested";
      told.htmlFor = beside.id;
      box.parentElement.append(told);
    }
    told.textContent = text || "";
  };
  const suggest = (element, value, text) => {
    if (!element || !value) return;
    if (!element.value || element.value === element.dataset.suggested) {
      element.dataset.suggested = value;
      set(element, value);
    }
    output(element, text);
  };
  const ask = async (address, asked) => {
    try {
      const answer = await fetch(`${address}?${new URLSearchParams(asked)}`, { headers: { Accept: "application/json" } });
      return answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
    } catch {
      return {}; // without an answer there is no suggestion, and the form is as before
    }
  };
  const offerMembers = () => {
    form.querySelectorAll(".every-member").forEach((button) => { button.hidden = members.length === 0; });
  };
  const read = (words) => {
    const said = byName("said").parentElement;
    if (words && !said.querySelector(".reading")) {
      const told = document.createElement("output");
      told.className = "reading";
      told.htmlFor = "id_said";
      byName("said").after(told);
    }
    if (said.querySelector(".reading")) said.querySelector(".reading").textContent = words;
  };
  byName("said").addEventListener("input", () => read("")); // what was read is no longer there
  let latest = 0;
  let askedSaid = "";
  const refresh = async () => {
    const number = (latest += 1);
    const speaker = byName("speaker").value;
    askedSaid = byName("said").value;
    if (!speaker) {
      members = [];
      offerMembers();
    }
    if (!speaker && !byName("said").value) return;
    const about = { speaker, source: byName("source").value, said: byName("said").value };
    const held = rows().filter((row) => field(row, "actor"));
    const actors = [...new Set(held.map((row) => field(row, "actor").value))].filter(Boolean).slice(0, 12);
    const answers = await Promise.all((actors.length ? actors : [""]).map((actor) => ask(desk.dataset.suggest, { ...about, actor })));
    if (number !== latest) return;
    const first = answers[0];
    read(first.reading || "");
    if (!speaker) return;
    members = first.members || [];
    offerMembers();
    suggest(byName("authority"), first.authority, first.authority_words);
    if (first.words) output(byName("authority"), first.words);
    const [only] = held;
    const actor = held.length === 1 && field(only, "actor");
    if (actor && first.actor && (!actor.value || actor.value === actor.dataset.suggested) && actor.value !== first.actor.id) {
      actor.dataset.suggested = first.actor.id;
      choose(actor, first.actor.id, first.actor.name); // which asks again, for the attribution
      return;
    }
    for (const row of held) {
      const found = answers[actors.indexOf(field(row, "actor").value)];
      if (found) suggest(field(row, "attribution"), found.attribution, found.attribution_words);
    }
  };
  const tellTopic = async (select) => {
    const notes = select.closest(".inline-related").querySelector(".topic-notes");
    if (!notes) return;
    const told = select.value ? await ask(desk.dataset.notes, { topic: select.value }) : {};
    notes.replaceChildren();
    for (const [css, text] of [["", told.proposition], ["quiet", told.notes]]) {
      if (text) {
        const line = document.createElement("p");
        line.className = css;
        line.textContent = text;
        notes.append(line);
      }
    }
  };
  // Select2 tells of a change through jQuery alone.
  $(form).on("change", "select, input", (event) => {
    const name = event.target.name || "";
    if (/^(speaker|source|said)$|-actor$/.test(name)) refresh();
    if (/-topic$/.test(name)) tellTopic(event.target);
  });
  // Asked in the middle of typing a day, of which the browser tells no change where the same was typed over itself.
  byName("said").addEventListener("blur", ({ target }) => {
    if (target.value !== askedSaid) refresh();
  });
  document.addEventListener("formset:added", (event) => {
    event.target.querySelectorAll("output.suggested").forEach((told) => told.remove());
    offerMembers();
  });
  refresh();

  const { lastSaid, lastOccasion } = desk.dataset;
  if (isNew && lastSaid) {
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button again";
    again.textContent = `As in the last: ${[lastSaid, lastOccasion].filter(Boolean).join(", ")}`;
    again.addEventListener("click", () => {
      fill("said", lastSaid);
      fill("occasion", lastOccasion);
      byName("summary").focus();
    });
    (byName("occasion").closest(".field-occasion") || byName("occasion").parentElement).append(again);
  }

  // What the page suggests as the day is replaced by what is typed, after a click as after Tab.
  byName("said").addEventListener("click", ({ target }) => {
    if (isNew && target.value === target.defaultValue) target.select();
  }, { once: true });

  // ---- the quotation, looked up as it is typed ----

  const found = form.querySelector("output.found");
  const same = (text) => text.replace(/[“”„‟«»＂]/gu, '"').replace(/[‘’‚‛′]/gu, "'");
  const lookUp = () => {
    const pieces = same(byName("quote").value).trim().split(/\s*…\s*/u).filter(Boolean);
    const spans = new Map();
    const lines = [...article.querySelectorAll("p[data-start]")].map((paragraph) => same(words(paragraph)));
    let [line, after] = [0, 0];
    for (const piece of pieces) {
      let at = -1;
      while (line < lines.length && (at = lines[line].indexOf(piece, after)) < 0) [line, after] = [line + 1, 0];
      if (at < 0) return "Not found word for word in one paragraph of the article.";
      after = at + piece.length;
      const first = points(lines[line].slice(0, at)) + 1;
      spans.set(line + 1, [...(spans.get(line + 1) || []), `${first}–${first + points(piece) - 1}`]);
    }
    const places = [...spans].map(([number, each]) => `paragraph ${number}, characters ${each.join(" and ")}`);
    return places.length ? `Found word for word in ${places.join("; ")}.` : "";
  };
  if (found && article) {
    byName("quote").addEventListener("input", () => { found.textContent = lookUp(); });
    if (!found.textContent) found.textContent = lookUp();
  }

  // ---- what is folded shows itself once it holds something ----

  form.addEventListener("change", ({ target }) => {
    const folded = target.closest("details.seldom");
    if (folded && ["repeats", "primary_url", "language", "translated"].includes(target.name)) folded.open = true;
  });

  // ---- a joint statement ----

  const everyMember = (row) => {
    if (!row || !members.length) return say("Only a group with members on that day has a stance for each: check the speaker and the day.");
    const topic = field(row, "topic");
    const held = new Set(
      rows().filter((other) => other !== row && field(other, "topic").value === topic.value).map((other) => field(other, "actor").value)
    );
    const actor = field(row, "actor");
    const missing = members.filter((member) => !held.has(member.id) && member.id !== actor.value);
    if ((!actor.value || actor.value === byName("speaker").value) && missing.length) {
      const first = missing.shift();
      choose(actor, first.id, first.name);
    }
    for (const member of missing) {
      const added = addStance();
      if (!added) break;
      choose(field(added, "actor"), member.id, member.name);
      if (topic.value) choose(field(added, "topic"), topic.value, topic.selectedOptions[0].text);
      for (const name of ["position", "terms"]) take(added, name, taken(row, name));
      for (const name of ["condition", "attribution", "basis", "rationale"]) set(field(added, name), field(row, name).value);
    }
    focusOn(actor);
    return undefined;
  };
  form.addEventListener("click", (event) => {
    const button = event.target.closest(".every-member");
    if (!button) return;
    event.preventDefault();
    everyMember(button.closest(".inline-related"));
  });

  // ---- keys ----

  desk.querySelector(".keys").hidden = false;
  // Where the form stands below the article, what is long and seldom asked for is folded on the way to it.
  if (window.matchMedia("(max-width: 1023px)").matches) {
    for (const long of desk.querySelectorAll(".listed details, .keys")) long.open = false;
  }
  const press = (...names) => {
    const button = names.map((name) => form.querySelector(`[type=submit][name=${name}]`)).find(Boolean);
    if (button) button.click();
  };
  const go = (address) => address && window.location.assign(address);
  const typing = (target) =>
    target.closest("input:not([type=checkbox], [type=radio]), textarea, .select2-container--open, [contenteditable]");
  const KEYS = {
    j: () => go(desk.dataset.next),
    k: () => go(desk.dataset.previous),
    s: startStatement,
    a: () => { const row = addStance(); if (row) focusOn(field(row, "actor")); },
    m: () => everyMember(currentRow()),
  };
  // Before the library's boxes, which open at Enter whatever is held with it.
  document.addEventListener("keydown", (event) => {
    if (event.altKey || !(event.ctrlKey || event.metaKey)) return;
    if (event.key.toLowerCase() === "s") press("_continue", "_save");
    else if (event.key === "Enter") press("_next", "_save");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" && form.contains(event.target) && !document.querySelector(".select2-container--open")) {
      event.target.blur();
      return;
    }
    if (typing(event.target)) return;
    const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
    if (digit) {
      const row = currentRow();
      if (digit <= 5) take(row, "position", SIDES[digit - 1]);
      else take(row, "terms", TERMS[digit - 6]);
      event.preventDefault();
    } else if (["Backspace", "Delete"].includes(event.key) && event.target.matches(".tiles input")) {
      take(event.target.closest(".inline-related"), event.target.name.split("-").pop(), "");
      event.preventDefault();
    } else if (KEYS[event.key.toLowerCase()] && !event.target.closest("select") && !event.shiftKey) {
      event.preventDefault();
      KEYS[event.key.toLowerCase()]();
    }
  });
});
