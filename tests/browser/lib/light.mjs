// What a page weighs, and whether it moves while it loads.

const MOST_BYTES = 150_000;
/** The score of layout shift (https://web.dev/articles/cls): 0.1 still counts as good. */
const MOST_SHIFT = 0.02;

/** Fails when the page with all that belongs to it is heavy, or when its parts move after they were shown. */
export async function checkLight(page) {
  const { bytes, shift } = await page.evaluate(
    () =>
      new Promise((done) => {
        let shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) shift += entry.hadRecentInput ? 0 : entry.value;
        }).observe({ type: "layout-shift", buffered: true });
        const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
        const bytes = loaded.reduce((sum, entry) => sum + entry.encodedBodySize, 0);
        requestAnimationFrame(() => setTimeout(() => done({ bytes, shift }), 50));
      }),
  );
  if (bytes > MOST_BYTES) throw new Error(`${page.url()} weighs ${bytes} bytes`);
  if (shift > MOST_SHIFT) throw new Error(`${page.url()} moves while it loads: ${shift}`);
}
