type Binder = (element: HTMLElement) => void;

const binders: { selector: string; bind: Binder; bound: WeakSet<HTMLElement> }[] = [];

/** Binds every present and future element that matches; htmx swaps call `bindAll` on what they bring in. */
export function behaviour(selector: string, bind: Binder): void {
  binders.push({ selector, bind, bound: new WeakSet() });
}

export function bindAll(root: ParentNode): void {
  for (const { selector, bind, bound } of binders) {
    const found = [...root.querySelectorAll<HTMLElement>(selector)];
    if (root instanceof HTMLElement && root.matches(selector)) found.unshift(root);
    for (const element of found) {
      if (bound.has(element)) continue;
      bound.add(element);
      bind(element);
    }
  }
}

/** Calls `act` with the nearest matching ancestor of an event's target, now and after any swap. */
export function on<K extends keyof DocumentEventMap>(
  type: K,
  selector: string,
  act: (element: HTMLElement, event: DocumentEventMap[K]) => void,
): void {
  document.addEventListener(type, (event) => {
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>(selector) : null;
    if (target) act(target, event);
  });
}

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
