import "@tabler/core/dist/css/tabler.css";
import "./css/main.css";

import { bindAll } from "./behaviours";
import "./htmx";
import "./behaviours/keys";
import "./behaviours/finder";
import "./behaviours/menu";
import "./behaviours/panel";
import "./behaviours/address";
import "./behaviours/toast";
import "./behaviours/edit";
import "./behaviours/forms";
import "./behaviours/conditional";
import "./behaviours/upload";
import "./behaviours/arrange";
import "./behaviours/insert";
import "./behaviours/rows";
import "./behaviours/filter";
import "./behaviours/table";
import "./behaviours/suggest";
import "./behaviours/board";
import "./behaviours/cells";
import "./behaviours/panels";
import "./behaviours/mention";
import "./behaviours/attach";
import "./behaviours/field-upload";
import "./behaviours/small";
import "./charts";

bindAll(document);

// Fetched only by pages that use them.
if (document.querySelector("form[data-passkey]")) void import("./behaviours/passkeys").then(() => bindAll(document));
if (document.querySelector("[x-data]")) {
  void import("@alpinejs/csp").then(({ default: alpine }) => alpine.start());
}
