import { behaviour } from "../behaviours";

behaviour("[data-chart]", (figure) => {
  void import("./mount").then(({ mount }) => mount(figure));
});
