// Draws the dashboards of the folder above in Chromium, on a small and on a large screen, and prints what is amiss:
//
//   node look.mjs PROMETHEUS [PICTURES]
//
// PROMETHEUS is the address of a server, PICTURES a folder for a picture of each. It exits with 1 if something is amiss.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { chromium } from 'playwright-core';

const here = import.meta.dirname;
const dashboards = ['asana-activity', 'asana-deletions', 'asana-exporter'];
const weights = { Regular: 400, Medium: 500 };
const themes = { 1280: 'dark', 1920: 'light' };
const tall = 4000; // Pixels, more than any dashboard has: tables draw only what is on the screen.

const [prometheus, pictures] = process.argv.slice(2);
if (!prometheus) {
  console.error('usage: node look.mjs PROMETHEUS [PICTURES]');
  process.exit(2);
}
if (!(await fetch(`${prometheus}/api/v1/query?query=1`).catch(() => null))?.ok) {
  console.error(`no Prometheus server answers at ${prometheus}: the address is one like http://localhost:9190`);
  process.exit(2);
}
const page = await bundle();
const server = await serve(page);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
let amiss = 0;
for (const dashboard of dashboards) {
  for (const [width, theme] of Object.entries(themes)) {
    const found = await look(dashboard, Number(width), theme);
    amiss += found.length;
    console.log(`${dashboard} at ${width} pixels, ${theme}: ${found.length ? '' : 'nothing amiss'}`);
    found.forEach((what) => console.log(`  ${what}`));
  }
}
await browser.close();
server.close();
process.exit(amiss ? 1 : 0);

// bundle returns the files of the page, by their names.
async function bundle() {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path.join(here, 'src/index.jsx')],
    outdir: '/bundle',
    write: false,
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    loader: { '.ttf': 'file', '.svg': 'text' },
    define: { 'process.env.NODE_ENV': '"production"', process: '{"env":{}}', global: 'window' },
    logLevel: 'error',
  });
  return new Map(outputFiles.map((file) => [file.path, file.contents]));
}

// serve serves the page, the dashboards, and Grafana's icons and font.
function serve(page) {
  const html = `<!doctype html>
    <link rel="icon" href="data:,"><link rel="stylesheet" href="/bundle/index.css">
    <script>
      window.__grafana_public_path__ = "/public/";
      window.grafanaBootData = { settings: { featureToggles: {} }, user: { timezone: "browser" } };
    </script>
    <div id="root"></div><script type="module" src="/bundle/index.js"></script>`;
  const types = { '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
  const read = (name) => {
    if (name === '/') return html;
    if (page.has(name)) return page.get(name);
    const icon = name.match(/^\/public\/(?:build\/)?(img\/icons\/[\w/-]+\.svg)$/);
    if (icon) return fs.readFileSync(path.join(here, 'node_modules/@grafana/ui/dist/public', icon[1]));
    const font = name.match(/^\/public\/fonts\/inter\/Inter-(Regular|Medium)\.woff2$/);
    if (font) return fs.readFileSync(path.join(here, `node_modules/@fontsource/inter/files/inter-latin-${weights[font[1]]}-normal.woff2`));
    const board = name.match(/^\/dashboards\/([\w-]+\.json)$/);
    if (board) return fs.readFileSync(path.join(here, '..', board[1]));
    return null;
  };
  const server = http.createServer((request, response) => {
    const name = new URL(request.url, 'http://look').pathname;
    const content = read(name);
    response.writeHead(content === null ? 404 : 200, { 'content-type': types[path.extname(name)] ?? 'text/html' });
    response.end(content);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

// look draws one dashboard and returns what is amiss.
async function look(dashboard, width, theme) {
  const tab = await browser.newPage({ viewport: { width, height: tall } });
  const found = [];
  tab.on('pageerror', (error) => found.push(String(error)));
  tab.on('console', (message) => message.type() === 'error' && found.push(message.text()));
  const address = new URLSearchParams({ dashboard, prometheus, theme });
  await tab.goto(`http://127.0.0.1:${server.address().port}/?${address}`);
  try {
    await tab.waitForFunction(() => window.drawn?.(), null, { timeout: 60_000 });
    await tab.waitForLoadState('networkidle'); // Icons and fonts.
  } catch (error) {
    found.push(`not all was drawn: ${error.message}`);
  }
  found.push(...(await tab.evaluate(troubles)));
  if (pictures) {
    fs.mkdirSync(pictures, { recursive: true });
    await tab.locator('#root > :last-child').screenshot({ path: path.join(pictures, `${dashboard}-${width}.png`) });
  }
  await tab.close();
  return found;
}

// troubles runs in the page.
function troubles() {
  const found = [];
  for (const panel of document.querySelectorAll('.panel')) {
    const say = (what) => found.push(`${panel.dataset.title}: ${what}`);
    if (panel.textContent.includes('No data')) say('no data');
    for (const element of panel.querySelectorAll('*')) {
      const hidden = element.scrollWidth - element.clientWidth;
      if (element.clientWidth > 0 && hidden > 1 && element.textContent.trim() && getComputedStyle(element).overflowX !== 'visible') {
        say(`${hidden} pixels are cut off of "${element.textContent.slice(0, 60)}"`);
      }
    }
    const drawn = panel.querySelector('[data-drawn]');
    const below = drawn ? drawn.scrollHeight - drawn.clientHeight : 0;
    if (below > 4) say(`${below} pixels are cut off below`);
    const plot = panel.querySelector('.u-over');
    if (panel.dataset.kind === 'timeseries' && !plot) say('no chart');
    if (plot && (plot.clientWidth < 0.55 * panel.clientWidth || plot.clientHeight < 0.35 * panel.clientHeight)) {
      say(`the chart has ${plot.clientWidth} by ${plot.clientHeight} of ${panel.clientWidth} by ${panel.clientHeight} pixels`);
    }
  }
  return found;
}
