// Filters of a list apply as they are chosen. Without script, or where that fails, the form's button does the same.
(() => {
  "use strict";
  const filters = () => document.querySelector("#list details.facets");
  const above = matchMedia("(max-width: 959.98px)"); // as in the stylesheet: the filters stand above the results
  const asked = ({ requestConfig }) => requestConfig.triggeringEvent?.type === "submit";

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    // open before it is drawn: opened later, what stands below would jump, and the focus be lost
    if (filters()?.open && !asked(detail)) {
      detail.serverResponse = detail.serverResponse.replace(/<details class="facets"(?! open)/, "$& open");
    }
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const count = document.getElementById("count");
    if (!count) return;
    document.getElementById("told").textContent = count.textContent;
    if (asked(detail) && above.matches) count.focus();
  });
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, ({ detail }) => detail.elt.closest("form")?.submit());
  }
})();
