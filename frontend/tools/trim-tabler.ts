import postcss from "postcss";
import type { Plugin } from "vite";

/** Class families of Tabler that the shell replaces or the product has no use for. */
const unused =
  /^\[data-vc|data-bs-navbar-theme|\.(accordion|bs-popover|bs-tooltip|calendar|carousel|chart-sparkline|countup|cursor|dropzone|fc-|flatpickr|form-imagecheck|form-colorinput|hide-theme|img-(dark|light)|jvm|legend|link-(?!secondary|reset)|litepicker|navbar|noUi|offcanvas|otp|payment|plyr|popover|ribbon|signal|sparkline|star-rating|tooltip|tox|ts-|tomselect|trustup|theme-|wysiwyg|marker|apexcharts|animated|placeholder-wave|object-|order-|offset-|divide-|prose|toast|dropdown|dropend|dropup|dropstart|modal|btn-(facebook|twitter|google|youtube|vimeo|dribbble|github|instagram|pinterest|vk|rss|flickr|bitbucket|tabler|x\b|meta|tiktok))/;

export function trimTabler(): Plugin {
  return {
    name: "zhike-trim-tabler",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes("@tabler/core/dist/css/tabler.css")) return null;
      const sheet = postcss.parse(code);
      sheet.walkComments((comment) => void comment.remove());
      sheet.walkRules((rule) => {
        const kept = rule.selectors.filter((selector) => !unused.test(selector));
        if (kept.length === 0) rule.remove();
        else if (kept.length < rule.selectors.length) rule.selectors = kept;
      });
      sheet.walkAtRules("media", (media) => {
        if (media.nodes?.length === 0) media.remove();
      });
      return { code: sheet.toString(), map: null };
    },
  };
}
