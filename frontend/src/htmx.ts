import htmx from "htmx.org";

import { bindAll } from "./behaviours";
import { text } from "./strings";
import { toast } from "./behaviours/toast";

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  selfRequestsOnly: true,
  includeIndicatorStyles: false,
  // htmx would keep pages with customer data in the browser's storage.
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
  scrollIntoViewOnBoost: false,
  defaultSettleDelay: 0,
  // Without "style": of a panel that is loaded again htmx would write it as an attribute, which the content policy refuses.
  attributesToSettle: ["class", "width", "height"],
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "422", swap: true },
    { code: "[45]..", swap: false, error: true },
  ],
});

document.addEventListener("htmx:load", (event) => {
  const { elt } = (event as CustomEvent<{ elt: HTMLElement }>).detail;
  bindAll(elt);
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail;
  // A panel says it where it stands.
  if (event.target instanceof Element && event.target.matches("[data-record-panel]")) return;
  if (xhr.getResponseHeader("HX-Trigger")?.includes("toast")) return;
  const said = xhr.status === 403 ? "forbidden" : xhr.status === 404 ? "missing" : "failed";
  toast({ message: text(said), tone: "danger" });
});

document.addEventListener("htmx:sendError", () => {
  toast({ message: text("offline"), tone: "danger" });
});

export { htmx };
