/* Keeps what is typed in a form of the desk in this browser until it is saved, and offers it back where it was not. */
"use strict";
(() => {
  const { user, saved } = document.currentScript.dataset;
  const MINE = `desk-copy:${user}:`;
  const OLD = 30 * 24 * 60 * 60 * 1000;
  const LEFT_OUT = /^(csrfmiddlewaretoken|kept-copy|asked|since|choice-.*|lost-.*|_.*)$|__prefix__/;
  const UNTYPED = ["password", "file", "submit", "button", "image", "reset"];

  // ---- what is stored: one copy for each form that is open ----

  const read = (key) => {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  };

  const copies = () => {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(MINE));
    } catch {
      return []; // the browser keeps nothing
    }
  };

  const forget = (key) => localStorage.removeItem(key);

  const store = (key, copy) => {
    try {
      localStorage.setItem(key, JSON.stringify(copy));
    } catch {
      copies().filter((other) => other !== key).forEach(forget); // full: the copy of now counts most
      try {
        localStorage.setItem(key, JSON.stringify(copy));
      } catch {
        /* nothing more can be done */
      }
    }
  };

  const known = saved.split(" ");
  for (const key of copies()) {
    const copy = read(key);
    if (!copy || !(Date.now() - copy.at < OLD) || known.includes(key.split(":").pop())) forget(key);
  }

  let leaving = false; // signed out: nothing more is kept
  const logout = document.getElementById("logout-form");
  if (logout) {
    logout.addEventListener("submit", () => {
      leaving = true;
      copies().forEach(forget);
    });
  }

  const marker = document.querySelector("form input[name='kept-copy']");
  if (!marker) return;
  const form = marker.form;
  const id = Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => n.toString(16).padStart(2, "0")).join("");
  // A new statement of one source is not offered beside another's article.
  const source = new URLSearchParams(location.search).get("source");
  const here = `${MINE}${location.pathname}${source ? `?source=${source}` : ""}:`;
  const key = here + id;
  let sending = false;

  // ---- what a form holds ----

  const fields = () =>
    [...form.elements].filter((e) => e.name && !UNTYPED.includes(e.type) && !LEFT_OUT.test(e.name));
  const ticks = (e) => e.type === "checkbox" || e.type === "radio";

  const values = () =>
    fields().map((e) => {
      if (ticks(e)) return [e.name, e.value, e.checked];
      if (e.tagName !== "SELECT") return [e.name, e.value];
      return [e.name, e.value, null, e.selectedOptions.length ? e.selectedOptions[0].text : ""];
    });

  const givenValue = (e) => {
    if (e.tagName !== "SELECT") return e.defaultValue;
    const given = [...e.options].find((option) => option.defaultSelected) || e.options[0];
    return given ? given.value : "";
  };
  const given = () => fields().map((e) => (ticks(e) ? [e.name, e.value, e.defaultChecked] : [e.name, givenValue(e)]));

  // Line ends as the form has them, and neither labels nor the state that the form was opened on.
  const same = (entries) =>
    JSON.stringify(
      entries
        .filter(([name]) => name !== "opened")
        .map(([name, value, ticked]) => [name, value.replace(/\r\n/g, "\n"), Boolean(ticked)])
    );

  let opening = "";
  const refused = Boolean(document.querySelector(".errornote")); // what it holds is typed, and not saved
  const isTyped = () => refused || same(values()) !== opening;

  const keep = () => {
    if (leaving || !opening) return;
    if (isTyped()) store(key, { at: Date.now(), values: values() });
    else forget(key);
  };

  // ---- putting a copy back ----

  const set = (e, [, value, ticked, label]) => {
    if (ticks(e)) {
      if (e.type === "checkbox" || e.value === value) e.checked = Boolean(ticked);
    } else {
      if (e.tagName === "SELECT" && ![...e.options].some((option) => option.value === value)) {
        e.add(new Option(label || value, value));
      }
      e.value = value;
    }
    e.dispatchEvent(new Event("input", { bubbles: true }));
    e.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const named = (name, value) =>
    [...form.elements].find((e) => e.name === name && (e.type !== "radio" || e.value === value));
  const count = (prefix, which) => Number((named(`${prefix}-${which}_FORMS`) || { value: 0 }).value);

  const isBlank = (prefix, row) =>
    row.every(([name, entry]) => {
      const empty = named(`${prefix}-__prefix__-${name}`);
      return ["id"].includes(name) || !empty || (ticks(empty) ? empty.defaultChecked === Boolean(entry[2]) : givenValue(empty) === entry[1]);
    });

  const rowFor = (prefix, row, taken) => {
    const pk = (row.find(([name]) => name === "id") || ["", ["", ""]])[1][1];
    for (let n = 0; pk && n < count(prefix, "INITIAL"); n++) {
      const e = named(`${prefix}-${n}-id`);
      if (e && e.value === pk) return n;
    }
    if (!pk && isBlank(prefix, row)) return -1;
    for (let n = count(prefix, "INITIAL"); n < count(prefix, "TOTAL"); n++) if (!taken.has(n)) return n;
    const add = document.querySelector(`#${CSS.escape(prefix)}-group .add-row a`);
    if (!add) return -1;
    add.click();
    return count(prefix, "TOTAL") - 1;
  };

  const putBack = (copy) => {
    const prefixes = copy.values.map(([name]) => /^(.+)-TOTAL_FORMS$/.exec(name)).filter(Boolean).map((match) => match[1]);
    const rows = new Map(prefixes.map((prefix) => [prefix, new Map()]));
    for (const entry of copy.values) {
      const prefix = prefixes.find((each) => entry[0].startsWith(`${each}-`));
      const match = prefix && /^(\d+)-(.+)$/.exec(entry[0].slice(prefix.length + 1));
      if (match) {
        const of = rows.get(prefix);
        if (!of.has(match[1])) of.set(match[1], []);
        of.get(match[1]).push([match[2], entry]); // radio buttons have one name
      } else if (!prefix) {
        const e = named(entry[0], entry[1]);
        if (e) set(e, entry);
      }
    }
    for (const [prefix, of] of rows) {
      const taken = new Set();
      for (const row of of.values()) {
        const n = rowFor(prefix, row, taken);
        if (n < 0) continue;
        taken.add(n);
        for (const [name, entry] of row) {
          const e = named(`${prefix}-${n}-${name}`, entry[1]);
          if (e && e.type !== "hidden") set(e, entry);
        }
      }
    }
    keep();
  };

  // ---- offering it ----

  const when = (at) => {
    const time = new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    const day = new Date(at).toLocaleDateString("en-GB", { day: "numeric", month: "long" });
    return new Date(at).toDateString() === new Date().toDateString() ? `at ${time}` : `on ${day} at ${time}`;
  };

  const button = (words, action) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "button";
    made.textContent = words;
    made.addEventListener("click", action);
    return made;
  };

  /** Give the beginning of the longest text that a copy holds, by which its writer knows it again. */
  const excerpt = (copy) => {
    const texts = copy.values.filter((entry) => entry.length === 2).map(([, value]) => value.trim()).filter((text) => text.includes(" "));
    const [longest] = texts.sort((one, other) => other.length - one.length);
    return longest && longest.length > 60 ? `${longest.slice(0, 60)}…` : longest;
  };

  const offer = () => {
    const found = copies()
      .filter((each) => each.startsWith(here) && each !== key)
      .map((each) => [each, read(each)])
      .sort(([, one], [, other]) => other.at - one.at);
    for (const [each, copy] of found.filter(([, other]) => same(other.values) === same(values()))) forget(each);
    const kept = found.filter(([each]) => read(each));
    if (!kept.length) return;
    const bar = document.createElement("div");
    bar.className = "kept-copy";
    bar.setAttribute("role", "status");
    for (const [each, copy] of kept) {
      const line = document.createElement("div");
      const words = document.createElement("p");
      const text = excerpt(copy);
      words.textContent = `You typed something here ${when(copy.at)} that was not saved${text ? `: “${text}”` : "."}`;
      const back = button("Put it back", () => {
        putBack(copy);
        forget(each);
        words.textContent = "It is back in the form, and not saved yet.";
        back.remove();
        drop.remove();
      });
      const drop = button("Forget it", () => {
        forget(each);
        line.remove();
        if (!bar.childElementCount) bar.remove();
      });
      line.append(words, back, drop);
      bar.append(line);
    }
    form.before(bar);
  };

  /** After a refusal, go to the first field that is to be put right. */
  const goToFault = () => {
    const wrong = form.querySelector(":is(.errors, [aria-invalid=true]):is(input, select, textarea), .errors :is(input:not([type=hidden]), select, textarea)");
    const place = wrong && (wrong.parentElement.querySelector(".select2-selection") || wrong);
    if (!place) return;
    place.closest("details")?.setAttribute("open", "");
    place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "center" });
  };

  window.addEventListener("load", () => {
    const later = (window.django && window.django.jQuery) || ((run) => run());
    if (refused) later(goToFault); // after the library has made its boxes
    opening = same(given());
    keep();
    offer();
  });

  let waiting = 0;
  const soon = () => {
    leaving = false;
    clearTimeout(waiting);
    waiting = setTimeout(keep, 400);
  };
  for (const kind of ["input", "change", "click", "keyup"]) document.addEventListener(kind, soon);
  if (window.django && window.django.jQuery) window.django.jQuery(document).on("change", soon);
  document.addEventListener("visibilitychange", keep);
  form.addEventListener("submit", () => {
    marker.value = id;
    keep();
    sending = true;
  });
  window.addEventListener("pageshow", () => {
    sending = false;
  });
  window.addEventListener("beforeunload", (event) => {
    clearTimeout(waiting);
    keep();
    if (!sending && opening && isTyped()) event.preventDefault();
  });
})();
