/** What `zhike.ui.charts` writes into the page. */
export interface Unit {
  kind: "number" | "money" | "percent";
  symbol: string;
  /** Largest first: [10000, " 万"]. */
  steps: [number, string][];
}

export interface Datum {
  value: number | null;
  text?: string;
  exact?: string;
  href?: string;
  low?: number;
  high?: number;
  interval?: string;
}

export interface Series {
  name: string;
  data: Datum[];
}

export interface BarSpec {
  kind: "bar";
  sideways: boolean;
  stacked: boolean;
  columns: string[];
  unit: Unit;
  series: Series[];
}

export interface LineSpec {
  kind: "line";
  columns: string[];
  /** Where the columns stand between 0 and 1; empty for evenly spaced ones. */
  shares: number[];
  unit: Unit;
  series: Series[];
}

export interface HeatmapSpec {
  kind: "heatmap";
  columns: string[];
  columnTitle: string;
  rowTitle: string;
  unit: Unit;
  series: Series[];
}

export interface Level {
  label: string;
  count: string;
  share: number;
  shareText: string;
  href: string;
}

export interface PyramidSpec {
  kind: "pyramid";
  countTitle: string;
  shareTitle: string;
  levels: Level[];
}

export type Spec = BarSpec | LineSpec | HeatmapSpec | PyramidSpec;

/** An axis value in its shortest readable form. */
export function axisText(value: number, unit: Unit): string {
  if (unit.kind === "percent") return `${Math.round(value * 1000) / 10}%`;
  const step = unit.steps.find(([size]) => Math.abs(value) >= size);
  const short = step ? Math.round((value / step[0]) * 100) / 100 + step[1] : String(Math.round(value * 100) / 100);
  return value < 0 ? `-${unit.symbol}${short.slice(1)}` : unit.symbol + short;
}
