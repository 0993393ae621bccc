// Counts a workspace's events with Asana's own client and prom-client, as one would in an afternoon. It is what
// asana_exporter is compared with, not something to run.
//
//   node index.js --url=URL --workspace=GID --token-file=FILE --state=FILE --listen=PORT --poll-interval=MS
'use strict';

const fs = require('node:fs/promises');
const http = require('node:http');
const { parseArgs } = require('node:util');

const asana = require('asana');
const prometheus = require('prom-client');

const names = ['url', 'workspace', 'token-file', 'state', 'listen', 'poll-interval'];
const { values: flags } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) });

const labelNames = ['action', 'resource_type', 'resource_subtype', 'change_field', 'parent_type'];
const counter = new prometheus.Counter({ name: 'asana_events_total', help: 'Events of the workspace.', labelNames });
let state = { sync: undefined, counts: {} };

// load reads the state, where there is one, and counts what it says.
async function load() {
  try {
    state = JSON.parse(await fs.readFile(flags.state, 'utf8'));
  } catch (err) {
    if (err.code !== 'ENOENT') throw err;
  }
  for (const [key, n] of Object.entries(state.counts)) counter.labels(...key.split('|')).inc(n);
}

// save writes the state beside the old one and puts it in its place.
async function save() {
  const file = await fs.open(`${flags.state}.tmp`, 'w');
  try {
    await file.writeFile(JSON.stringify(state));
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(`${flags.state}.tmp`, flags.state);
}

function count(page) {
  for (const event of page.data ?? []) {
    const { resource_type: type, resource_subtype: subtype } = event.resource;
    const labels = [event.action, type, subtype ?? '', event.change?.field ?? '', event.parent?.resource_type ?? ''];
    counter.labels(...labels).inc();
    const key = labels.join('|');
    state.counts[key] = (state.counts[key] ?? 0) + 1;
  }
  state.sync = page.sync;
}

// next returns the page after the stored position. A refused token comes with a fresh one.
async function next(workspaces) {
  try {
    return await workspaces.getWorkspaceEvents(flags.workspace, state.sync ? { sync: state.sync } : {});
  } catch (err) {
    if (err.status !== 412) throw err;
    return { sync: err.response.body.sync };
  }
}

async function drain(workspaces) {
  for (let page = { has_more: true }; page.has_more; ) {
    page = await next(workspaces);
    count(page);
    await save();
  }
}

async function poll() {
  const client = asana.ApiClient.instance;
  client.basePath = flags.url;
  client.RETURN_COLLECTION = false; // The tokens are in the answer, not in a collection.
  client.authentications.token.accessToken = (await fs.readFile(flags['token-file'], 'utf8')).trim();
  const workspaces = new asana.WorkspacesApi();
  for (;;) {
    await drain(workspaces).catch((err) => console.error('poll:', err.message));
    await new Promise((resolve) => setTimeout(resolve, Number(flags['poll-interval'])));
  }
}

async function main() {
  prometheus.collectDefaultMetrics();
  await load();
  http.createServer(async (request, response) => {
    response.setHeader('Content-Type', prometheus.register.contentType);
    response.end(await prometheus.register.metrics());
  }).listen(Number(flags.listen), '127.0.0.1');
  process.once('SIGTERM', () => process.exit(0));
  await poll();
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
