// Shows the schema of the API, to be read and tried out. Without script, the page lists the addresses.
"use strict";

const place = document.getElementById("api");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);

follow();
dark.addEventListener("change", follow);

// The page has a main part, a title and a search of its own: of the usual layout just the operations are left.
const layout = ({ React }) => ({
  components: {
    Operations: ({ getComponent, specSelectors }) =>
      specSelectors.loadingStatus() === "success"
        ? React.createElement(
            "div",
            { className: "swagger-ui" },
            React.createElement(getComponent("SvgAssets")),
            React.createElement(getComponent("operations", true)),
          )
        : null,
  },
});

// The fields that appear when an operation is opened are called by their parameters.
const name = () => {
  for (const row of place.querySelectorAll("tr[data-param-name]")) {
    for (const field of row.querySelectorAll("input:not([aria-label]), select:not([aria-label])")) {
      field.setAttribute("aria-label", row.dataset.paramName);
    }
  }
  for (const field of place.querySelectorAll("select.content-type:not([aria-label])")) {
    field.setAttribute("aria-label", "Media type");
  }
  for (const box of place.querySelectorAll("pre:not([tabindex])")) {
    box.setAttribute("tabindex", "0");
  }
};

new MutationObserver(name).observe(place, { childList: true, subtree: true });
window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  plugins: [layout],
  layout: "Operations",
  defaultModelsExpandDepth: -1,
});
