import { on } from ".";

/** A `[data-insert]` select puts what is chosen into the text of that id, at the cursor; into brackets, if it has them. */
on("change", "[data-insert]", (choice) => {
  if (!(choice instanceof HTMLSelectElement) || !choice.value) return;
  const text = document.getElementById(choice.dataset.insert ?? "");
  if (text instanceof HTMLTextAreaElement) {
    const end = text.selectionStart + choice.value.length;
    text.setRangeText(choice.value, text.selectionStart, text.selectionEnd, "end");
    if (choice.value.endsWith("()")) text.setSelectionRange(end - 1, end - 1);
    text.focus();
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
  choice.value = "";
});
