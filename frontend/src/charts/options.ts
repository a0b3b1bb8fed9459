import type { EChartsCoreOption } from "echarts/core";

import type { BarSpec, Datum, HeatmapSpec, LineSpec, Unit } from "./spec";
import { axisText } from "./spec";
import type { Palette } from "./theme";

const fewEnoughToLabel = 14;

export function common(colours: Palette): EChartsCoreOption {
  return {
    animation: false,
    textStyle: { fontFamily: colours.font, fontSize: 12, color: colours.ink },
    tooltip: {
      // Rich text is drawn on the canvas: the HTML kind would need inline styles, which the CSP refuses.
      renderMode: "richText",
      confine: true,
      backgroundColor: colours.surface,
      borderColor: colours.line,
      textStyle: { color: colours.ink, fontSize: 13, lineHeight: 20, fontFamily: colours.font },
    },
  };
}

function categoryAxis(data: string[], colours: Palette, extra: object = {}): object {
  return {
    type: "category",
    data,
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { show: false },
    axisLabel: { color: colours.quiet, hideOverlap: true },
    ...extra,
  };
}

function valueAxis(unit: Unit, colours: Palette, extra: object = {}): object {
  return {
    type: "value",
    splitNumber: 4,
    axisLine: { show: false },
    axisLabel: { color: colours.quiet, formatter: (value: number) => axisText(value, unit) },
    splitLine: { lineStyle: { color: colours.line } },
    ...extra,
  };
}

function said(head: string, datum: Datum, name: string): string {
  const interval = datum.interval ? ` (${datum.interval})` : "";
  return `${head}\n${name ? `${name}  ` : ""}${datum.exact ?? ""}${interval}`;
}

interface Hovered {
  name: string;
  seriesName?: string;
  data?: { datum?: Datum };
}

function tip(hovered: Hovered, several: boolean): string {
  const datum = hovered.data?.datum;
  return datum ? said(hovered.name, datum, several ? (hovered.seriesName ?? "") : "") : "";
}

export function bars(spec: BarSpec, colours: Palette, width: number): EChartsCoreOption {
  const several = spec.series.length > 1;
  const longest = Math.max(0, ...spec.series.flatMap(({ data }) => data.map(({ text }) => (text ?? "").length)));
  const room = spec.sideways || width / (spec.columns.length * spec.series.length) > longest * 8;
  const labels = !spec.stacked && room && spec.columns.length * spec.series.length <= fewEnoughToLabel;
  const category = categoryAxis(spec.columns, colours, spec.sideways ? { inverse: true } : {});
  const value = valueAxis(spec.unit, colours, labels && !several ? { show: false, splitLine: { show: false } } : {});
  return {
    grid: { left: 4, right: spec.sideways ? 64 : 8, top: several ? 34 : 24, bottom: 4, containLabel: true },
    legend: several ? legend(colours) : undefined,
    xAxis: spec.sideways ? value : category,
    yAxis: spec.sideways ? category : value,
    tooltip: { trigger: "item", formatter: (hovered: Hovered) => tip(hovered, several) },
    series: spec.series.map((series, place) => ({
      type: "bar",
      name: series.name,
      stack: spec.stacked ? "all" : undefined,
      barMaxWidth: spec.sideways ? 26 : 44,
      itemStyle: { color: colours.series[place % colours.series.length], borderRadius: spec.stacked ? 0 : 2 },
      emphasis: { itemStyle: { opacity: 0.8 } },
      label: {
        show: labels,
        position: spec.sideways ? "right" : "top",
        color: colours.ink,
        formatter: (item: Hovered) => item.data?.datum?.text ?? "",
      },
      data: series.data.map((datum) => ({ value: datum.value, datum, cursor: datum.href ? "pointer" : "default" })),
    })),
  };
}

function legend(colours: Palette): object {
  return {
    top: 0,
    left: 0,
    icon: "roundRect",
    itemWidth: 10,
    itemHeight: 10,
    textStyle: { color: colours.ink },
  };
}

/** Shares of a whole end at 100 %, not at the next round step. */
function isShare(spec: LineSpec): boolean {
  const values = spec.series.flatMap(({ data }) => data.map(({ value, high }) => high ?? value ?? 0));
  return spec.unit.kind === "percent" && values.every((value) => value <= 1) && Math.max(...values) > 0.8;
}

const percent: Unit = { kind: "percent", symbol: "", steps: [] };

export function lines(spec: LineSpec, colours: Palette): EChartsCoreOption {
  const several = spec.series.length > 1;
  const at = (place: number, value: number | null) => (spec.shares.length ? [spec.shares[place], value] : value);
  return {
    grid: { left: 4, right: several ? 84 : 16, top: 16, bottom: 4, containLabel: true },
    xAxis: spec.shares.length
      ? valueAxis(percent, colours, { min: 0, max: 1, splitLine: { show: false } })
      : categoryAxis(spec.columns, colours, { boundaryGap: false }),
    yAxis: valueAxis(spec.unit, colours, isShare(spec) ? { max: 1 } : {}),
    tooltip: { trigger: "item", formatter: (hovered: Hovered) => tip(hovered, several) },
    series: spec.series.flatMap((series, place) => {
      const colour = colours.series[place % colours.series.length];
      return [
        ...band(series.data, `band-${place}`, colour),
        {
          type: "line",
          name: series.name,
          symbol: "circle",
          symbolSize: 6,
          showSymbol: spec.columns.length <= 31,
          lineStyle: { width: 2, color: colour },
          itemStyle: { color: colour },
          endLabel: { show: several, color: colour, formatter: "{a}", distance: 6 },
          labelLayout: { moveOverlap: "shiftY" },
          data: series.data.map((datum, column) => ({
            name: spec.columns[column],
            value: at(column, datum.value),
            datum,
            cursor: datum.href ? "pointer" : "default",
          })),
        },
      ];
    }),
  };
}

function band(data: Datum[], stack: string, colour: string | undefined): object[] {
  if (!data.some((datum) => datum.low !== undefined)) return [];
  const invisible = { type: "line", stack, symbol: "none", silent: true, lineStyle: { opacity: 0 } };
  return [
    { ...invisible, data: data.map((datum) => datum.low ?? null) },
    {
      ...invisible,
      areaStyle: { color: colour, opacity: 0.16 },
      data: data.map((datum) => (datum.low === undefined || datum.high === undefined ? null : datum.high - datum.low)),
    },
  ];
}

function channels(colour: string): number[] {
  return (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}

function brightness(rgb: number[]): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((part) => (part / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The ink that reads better on the shade at `rate` between the two ends. */
function inkOn(rate: number, { shades, onLight, onDark }: Palette): string {
  const [from, to] = [channels(shades[0]), channels(shades[1])];
  const ground = brightness(from.map((part, place) => part + ((to[place] ?? part) - part) * rate));
  const contrast = (ink: string) => {
    const [high, low] = [ground, brightness(channels(ink))].sort((a, b) => b - a);
    return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
  };
  return contrast(onLight) >= contrast(onDark) ? onLight : onDark;
}

/** Room for the row names, a Chinese character being about twice as wide as a Latin one. */
function rowRoom(spec: HeatmapSpec): number {
  const wide = (words: string) => [...words].reduce((sum, sign) => sum + (sign > "\u2e80" ? 12 : 7), 0);
  return 16 + Math.max(...[spec.rowTitle, ...spec.series.map(({ name }) => name)].map(wide));
}

export function heatmap(spec: HeatmapSpec, colours: Palette, width: number): EChartsCoreOption {
  const values = spec.series.flatMap((row) => row.data.flatMap(({ value }) => (value === null ? [] : [value])));
  const low = Math.min(0, ...values);
  const high = Math.max(...values, 1e-9);
  const labels = (width - rowRoom(spec)) / spec.columns.length >= 34;
  const data = spec.series.flatMap((row, y) =>
    row.data.map((datum, x) => ({
      value: [x, y, datum.value ?? "-"],
      name: `${spec.rowTitle ? `${spec.rowTitle} ` : ""}${row.name} · ${spec.columnTitle ? `${spec.columnTitle} ` : ""}${spec.columns[x] ?? ""}`,
      datum,
      cursor: datum.href ? "pointer" : "default",
      label: { color: inkOn(((datum.value ?? low) - low) / (high - low), colours) },
    })),
  );
  return {
    grid: { left: rowRoom(spec), right: 4, top: spec.columnTitle ? 44 : 24, bottom: 4 },
    xAxis: categoryAxis(spec.columns, colours, {
      position: "top",
      name: spec.columnTitle,
      nameLocation: "middle",
      nameGap: 24,
      nameTextStyle: { color: colours.quiet },
      axisLine: { show: false },
      splitArea: { show: false },
    }),
    yAxis: categoryAxis(
      spec.series.map(({ name }) => name),
      colours,
      {
        inverse: true,
        axisLine: { show: false },
        name: spec.rowTitle,
        nameLocation: "start",
        nameGap: 10,
        nameTextStyle: { color: colours.quiet, align: "right", padding: [0, 8, 0, 0] },
      },
    ),
    tooltip: { formatter: (hovered: Hovered) => tip(hovered, false) },
    visualMap: { show: false, min: low, max: high, inRange: { color: colours.shades }, dimension: 2 },
    series: [
      {
        type: "heatmap",
        data,
        label: { show: labels, fontSize: 12, formatter: (item: Hovered) => item.data?.datum?.text ?? "" },
        itemStyle: { borderWidth: 2, borderColor: colours.surface, borderRadius: 3 },
        emphasis: { itemStyle: { borderColor: colours.ink } },
      },
    ],
  };
}
