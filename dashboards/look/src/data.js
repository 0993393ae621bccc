// What a Prometheus server answers, as data frames.
import { dateTime, FieldType, rangeUtil, toDataFrame } from '@grafana/data';

const scrape = 60; // Seconds: the scrape interval of the data source in deploy/compose.

// rangeFrom returns a time range that ends now, from "now-24h" or "7d" on.
export function rangeFrom(from) {
  const to = dateTime();
  const start = dateTime(to.valueOf() - 1000 * rangeUtil.intervalToSeconds(from.replace('now-', '')));
  return { from: start, to, raw: { from: start, to } };
}

// valuesOf returns what stands in the places of a dashboard's variables: all, where that can be chosen.
export function valuesOf(dashboard) {
  return Object.fromEntries(dashboard.templating.list.map((v) => [v.name, v.type === 'query' ? '.+' : v.current?.value ?? '']));
}

// answers asks what a panel asks, and returns frames and the step in seconds.
export async function answers(prometheus, panel, range, values, width) {
  const from = range.from.valueOf() / 1000, to = range.to.valueOf() / 1000;
  const { intervalMs } = rangeUtil.calculateInterval(range, panel.maxDataPoints ?? width, panel.interval ?? `${scrape}s`);
  const step = Math.max(1, Math.round(intervalMs / 1000));
  const align = (seconds) => Math.floor(seconds / step) * step;
  const all = {
    ...values,
    __interval: `${step}s`,
    __rate_interval: `${Math.max(step + scrape, 4 * scrape)}s`,
    __range: `${Math.round(to - from)}s`,
  };
  const frames = await Promise.all(panel.targets.map(async (target) => {
    const query = target.expr.replace(/\$(\w+)/g, (match, name) => all[name] ?? match);
    const result = target.instant
      ? await ask(prometheus, 'query', { query, time: to })
      : await ask(prometheus, 'query_range', { query, start: align(from), end: align(to), step });
    return target.format === 'table' ? [table(panel, target, result)] : result.map((one) => series(target, one, step));
  }));
  return { frames: frames.flat(), step };
}

async function ask(prometheus, what, parameters) {
  const response = await fetch(`${prometheus}/api/v1/${what}?${new URLSearchParams(parameters)}`);
  const body = await response.json();
  if (body.status !== 'success') throw new Error(body.error);
  return body.data.result;
}

// series returns a frame of times and values, named by the legend.
function series(target, { metric, values, value }, step) {
  const samples = values ?? [value];
  const name = target.legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? '');
  return toDataFrame({
    refId: target.refId,
    name,
    fields: [
      { name: 'Time', type: FieldType.time, values: samples.map(([at]) => at * 1000), config: { interval: step * 1000 } },
      { name: 'Value', type: FieldType.number, labels: metric, values: samples.map(([, v]) => Number(v)), config: { displayNameFromDS: name } },
    ],
  });
}

// table returns a frame with a column for each label.
function table(panel, target, result) {
  const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const value = panel.targets.length > 1 ? `Value #${target.refId}` : 'Value';
  return toDataFrame({
    refId: target.refId,
    fields: result.length === 0 ? [] : [
      { name: 'Time', type: FieldType.time, values: result.map(({ value: [at] }) => at * 1000) },
      ...labels.map((name) => ({ name, type: FieldType.string, values: result.map(({ metric }) => metric[name] ?? '') })),
      { name: value, type: FieldType.number, values: result.map(({ value: [, v] }) => Number(v)) },
    ],
  });
}
