export function mount(_figure: HTMLElement): void {}
