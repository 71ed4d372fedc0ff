// Filters of a list apply as they are chosen. Without script, or where that fails, the form's button does the same.
(() => {
  "use strict";
  const narrow = () => document.querySelector("#list details.facets");

  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const given = [...detail.formData.entries()];
    for (const [name] of given.filter(([, value]) => value === "")) detail.formData.delete(name); // a shorter address
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    // open before it is drawn: opened later, what stands below would jump, and the focus be lost
    if (narrow()?.open) detail.serverResponse = detail.serverResponse.replace(/<details class="facets"(?! open)/, "$& open");
  });
  document.addEventListener("htmx:afterSettle", () => {
    const count = document.getElementById("count");
    if (count) document.getElementById("told").textContent = count.textContent;
  });
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, ({ detail }) => detail.elt.closest("form")?.submit());
  }
})();
