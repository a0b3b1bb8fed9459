import type { EChartsCoreOption } from "echarts/core";

import type { Level, PyramidSpec } from "./spec";
import type { Palette } from "./theme";

interface RenderParams {
  dataIndex: number;
}

interface RenderApi {
  getWidth(): number;
  getHeight(): number;
}

const head = 26;
const gap = 3;

/** Layers of equal height; beside each, from zero, the part of the revenue it brings. */
export function pyramid(spec: PyramidSpec, colours: Palette): EChartsCoreOption {
  const { levels } = spec;
  const largest = Math.max(...levels.map(({ share }) => share), 1e-9);
  return {
    xAxis: { show: false, min: 0, max: 1 },
    yAxis: { show: false, min: 0, max: 1 },
    grid: { left: 0, right: 0, top: 0, bottom: 0 },
    // Every figure stands beside its layer already.
    tooltip: { show: false },
    series: [
      {
        type: "custom",
        data: levels.map((level) => ({ value: [0, 0], datum: { href: level.href } })),
        renderItem: ({ dataIndex }: RenderParams, api: RenderApi) => {
          const level = levels[dataIndex];
          return level ? layer(level, dataIndex, { spec, colours, largest }, api) : null;
        },
      },
    ],
  };
}

interface Drawing {
  spec: PyramidSpec;
  colours: Palette;
  largest: number;
}

function layer(level: Level, place: number, { spec, colours, largest }: Drawing, api: RenderApi): object {
  const width = api.getWidth();
  const count = spec.levels.length;
  const tall = (api.getHeight() - head) / count;
  const top = head + place * tall;
  const base = Math.min(width * 0.4, 260);
  const middle = base / 2;
  const half = (depth: number) => ((depth / count) * base) / 2;
  const bottom = top + tall - gap;
  const upper = half(place);
  const lower = half(place + 1 - gap / tall);
  const words = base + 16;
  const bars = words + Math.min(120, width * 0.24);
  const room = Math.max(20, width - bars - 60);
  const long = Math.max(2, (level.share / largest) * room);
  const centre = top + (tall - gap) / 2;
  const text = (x: number, y: number, content: string, style: object = {}) => ({
    type: "text",
    style: { x, y, text: content, fill: colours.ink, font: `13px ${colours.font}`, verticalAlign: "middle", ...style },
  });
  const titles =
    place === 0
      ? [
          text(words, head / 2, spec.countTitle, { fill: colours.quiet, font: `12px ${colours.font}` }),
          text(bars, head / 2, spec.shareTitle, { fill: colours.quiet, font: `12px ${colours.font}` }),
        ]
      : [];
  return {
    type: "group",
    children: [
      {
        // The whole band answers to the pointer, not only its drawn parts.
        type: "rect",
        shape: { x: 0, y: top, width, height: tall - gap, r: 4 },
        style: { fill: "rgba(0,0,0,0)" },
        emphasis: { style: { fill: colours.line, opacity: 0.5 } },
        cursor: level.href ? "pointer" : "default",
      },
      {
        type: "polygon",
        shape: {
          points: [
            [middle - upper, top],
            [middle + upper, top],
            [middle + lower, bottom],
            [middle - lower, bottom],
          ],
        },
        style: { fill: colours.accent, opacity: 1 - place * 0.2 },
        cursor: level.href ? "pointer" : "default",
      },
      text(words, centre - 9, level.label, { font: `600 13px ${colours.font}` }),
      text(words, centre + 9, level.count, { fill: colours.quiet }),
      {
        type: "rect",
        shape: { x: bars, y: centre - 8, width: long, height: 16, r: 2 },
        style: { fill: colours.accent, opacity: 1 - place * 0.2 },
        cursor: level.href ? "pointer" : "default",
      },
      text(bars + long + 6, centre, level.shareText),
      ...titles,
    ],
  };
}
