/** The table behind a chart as CSV: exact values, with a byte order mark because spreadsheets ask for it. */
export function tableAsCsv(frame: HTMLElement): string {
  const rows = [...frame.querySelectorAll("tr")].map((row) =>
    [...row.querySelectorAll<HTMLElement>("th, td")].map((cell) => field(cell.dataset["value"] ?? plain(cell))).join(","),
  );
  return `\uFEFF${rows.join("\r\n")}\r\n`;
}

function plain(cell: HTMLElement): string {
  const words = cell.textContent?.trim() ?? "";
  // A label that starts like a formula would run in a spreadsheet.
  return /^[=+\-@\t\r]/.test(words) ? `'${words}` : words;
}

function field(words: string): string {
  return /[",\r\n]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
}
