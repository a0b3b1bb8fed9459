export interface Palette {
  ink: string;
  quiet: string;
  line: string;
  surface: string;
  accent: string;
  shades: [string, string];
  onLight: string;
  onDark: string;
  series: string[];
  font: string;
}

function resolver(beside: HTMLElement): (value: string) => string {
  const probe = document.createElement("span");
  probe.hidden = true;
  beside.append(probe);
  return (value) => {
    // Custom properties stay unresolved; a real property gives the colour of the theme in force.
    probe.style.color = value;
    return getComputedStyle(probe).color;
  };
}

/** The colours of the theme in force, resolved once per drawing. */
export function palette(beside: HTMLElement): Palette {
  const colour = resolver(beside);
  const found: Palette = {
    ink: colour("var(--zk-ink)"),
    quiet: colour("var(--zk-quiet)"),
    line: colour("var(--zk-line)"),
    surface: colour("var(--zk-surface)"),
    accent: colour("var(--zk-chart-1)"),
    shades: [colour("var(--zk-shade-low)"), colour("var(--zk-shade-high)")],
    onLight: colour("var(--zk-shade-ink-low)"),
    onDark: colour("var(--zk-shade-ink-high)"),
    series: [1, 2, 3, 4, 5].map((place) => colour(`var(--zk-chart-${place})`)),
    font: getComputedStyle(document.body).fontFamily,
  };
  beside.lastElementChild?.remove();
  return found;
}
