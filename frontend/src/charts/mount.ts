import { BarChart, CustomChart, HeatmapChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

import { bars, common, heatmap, lines } from "./options";
import { pyramid } from "./pyramid";
import type { Spec } from "./spec";
import { tableAsCsv } from "./table";
import type { Palette } from "./theme";
import { palette } from "./theme";

use([
  BarChart,
  CanvasRenderer,
  CustomChart,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  TooltipComponent,
  VisualMapComponent,
]);

function optionsOf(spec: Spec, colours: Palette, width: number): EChartsCoreOption {
  const base = common(colours);
  const own =
    spec.kind === "bar"
      ? bars(spec, colours, width)
      : spec.kind === "line"
        ? lines(spec, colours)
        : spec.kind === "heatmap"
          ? heatmap(spec, colours, width)
          : pyramid(spec, colours);
  return { ...base, ...own, tooltip: { ...(base["tooltip"] as object), ...(own["tooltip"] as object) } };
}

/** Draws the figure, follows its size and theme, leads to the records behind a datum, and offers table and CSV. */
export function mount(figure: HTMLElement): void {
  const canvas = figure.querySelector<HTMLElement>("[data-chart-canvas]");
  // What htmx brings in comes without scripts, also those that only hold data.
  const around = figure.closest<HTMLElement>("[data-spec]")?.dataset["spec"];
  const source = around ?? figure.querySelector('script[type="application/json"]')?.textContent;
  if (!canvas || !source) return;
  const spec = JSON.parse(source) as Spec;
  let chart: EChartsType | null = null;

  const draw = () => {
    chart?.dispose();
    if (canvas.hidden || canvas.clientWidth === 0) return;
    chart = init(canvas);
    chart.setOption(optionsOf(spec, palette(figure), canvas.clientWidth));
    chart.on("click", follow);
  };

  let drawnAt = -1;
  const observer = new ResizeObserver(() => {
    if (!canvas.isConnected) {
      observer.disconnect();
      chart?.dispose();
    } else if (canvas.clientWidth !== drawnAt) {
      drawnAt = canvas.clientWidth;
      draw();
    }
  });
  observer.observe(canvas);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  offerTable(figure, canvas);
}

function follow(event: unknown): void {
  const { data, event: pointer } = event as {
    data?: { datum?: { href?: string } };
    event?: { event?: MouseEvent };
  };
  const href = data?.datum?.href;
  if (!href) return;
  if (pointer?.event?.metaKey || pointer?.event?.ctrlKey) window.open(href);
  else window.location.assign(href);
}

function offerTable(figure: HTMLElement, canvas: HTMLElement): void {
  const table = figure.querySelector<HTMLElement>("[data-chart-table]");
  const toggle = figure.querySelector<HTMLElement>("[data-chart-toggle]");
  const csv = figure.querySelector<HTMLElement>("[data-chart-csv]");
  if (!table || !toggle || !csv) return;
  toggle.addEventListener("click", () => {
    table.hidden = !table.hidden;
    canvas.hidden = !table.hidden;
    toggle.setAttribute("aria-pressed", String(!table.hidden));
  });
  csv.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([tableAsCsv(table)], { type: "text/csv" }));
    link.download = csv.dataset["chartCsv"] ?? "chart.csv";
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
