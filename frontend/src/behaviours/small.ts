import { behaviour } from ".";

// While a thumbnail is being made the server answers with a sign that is larger than any of them.
const LARGER_THAN_ANY = 500;
const FIRST_MS = 400;
const TIMES_LONGER = 1.6;
const MOST_TRIES = 9;

/** `<img data-small>`: asks again, at longer and longer intervals, for a thumbnail that is still to come. */
behaviour("img[data-small]", (element) => {
  const image = element as HTMLImageElement;
  const address = image.src;
  let tries = 0;
  const look = () => {
    if (image.naturalWidth < LARGER_THAN_ANY || tries === MOST_TRIES) return;
    tries += 1;
    const again = `${address}?again=${tries}`;
    window.setTimeout(() => image.isConnected && image.setAttribute("src", again), FIRST_MS * TIMES_LONGER ** tries);
  };
  image.addEventListener("load", look);
  if (image.complete) look();
});
