/** The token that the page carries for htmx; Django checks it on every write. */
export function csrfToken(): string {
  const headers = document.body.getAttribute("hx-headers");
  return headers ? ((JSON.parse(headers) as Record<string, string>)["X-CSRFToken"] ?? "") : "";
}
