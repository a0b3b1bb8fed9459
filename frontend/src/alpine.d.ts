declare module "@alpinejs/csp" {
  const alpine: { start(): void; data(name: string, component: () => object): void };
  export default alpine;
}
