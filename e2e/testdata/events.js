// Counts a workspace's events with Asana's own client. For each line on stdin it reads to the end of the stream and prints
// what it has counted so far, and how: {"counts": [{"action": …, "count": 1}, …], "pages": 2, "expired": 1}
//
//   node events.js URL WORKSPACE TOKEN
'use strict';

const readline = require('node:readline');

const asana = require('asana');

const [url, workspace, token] = process.argv.slice(2);
const client = asana.ApiClient.instance;
client.basePath = url;
client.RETURN_COLLECTION = false; // The sync token is in the answer, not in a collection.
client.authentications.token.accessToken = token;
const workspaces = new asana.WorkspacesApi();

const counts = new Map();
let sync;
let pages = 0;
let expired = 0;

// next returns the page after the position; after a refused position, what came with the refusal.
async function next() {
  try {
    const page = await workspaces.getWorkspaceEvents(workspace, sync ? { sync } : {});
    pages++;
    return page;
  } catch (err) {
    if (err.status !== 412) throw err;
    expired++;
    return err.response.body;
  }
}

function count(event) {
  const labels = JSON.stringify({
    action: event.action,
    resource_type: event.resource.resource_type,
    resource_subtype: event.resource.resource_subtype ?? '',
    change_field: event.change?.field ?? '',
    parent_type: event.parent?.resource_type ?? '',
  });
  counts.set(labels, (counts.get(labels) ?? 0) + 1);
}

async function read() {
  for (let more = true; more; ) {
    const page = await next();
    (page.data ?? []).forEach(count);
    more = page.has_more;
    sync = page.sync;
  }
}

async function main() {
  for await (const _ of readline.createInterface({ input: process.stdin })) {
    await read();
    const list = [...counts].map(([labels, n]) => ({ ...JSON.parse(labels), count: n }));
    console.log(JSON.stringify({ counts: list, pages, expired }));
  }
}

main().catch((err) => {
  console.error(err.response?.text ?? err);
  process.exit(1);
});
