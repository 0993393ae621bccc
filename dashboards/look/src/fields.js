// Transformations and field options, done by Grafana's code. A registry tells it which options there are.
import {
  applyFieldOverrides, cacheFieldDisplayNames, FieldConfigOptionsRegistry, standardTransformers, standardTransformersRegistry, transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

// The options of all fields, and those that kinds of panels add, with their defaults.
const standard = ['unit', 'decimals', 'min', 'max', 'noValue', 'color', 'thresholds', 'mappings', 'displayName'];
const custom = {
  drawStyle: 'line', lineWidth: 1, lineInterpolation: 'linear', lineStyle: undefined, fillOpacity: 0, fillBelowTo: undefined, gradientMode: 'none',
  showPoints: 'auto', pointSize: 5, spanNulls: false, insertNulls: false, stacking: { mode: 'none', group: 'A' }, barAlignment: 0,
  axisPlacement: 'auto', axisLabel: '', axisColorMode: 'text', axisSoftMax: undefined, scaleDistribution: { type: 'linear' },
  thresholdsStyle: { mode: 'off' }, hideFrom: { tooltip: false, viz: false, legend: false },
  align: 'auto', inspect: false, cellOptions: { type: 'auto' }, minWidth: undefined, width: undefined,
};

const registry = new FieldConfigOptionsRegistry(() => [
  ...standard.map((path) => option(path, path, false)),
  ...Object.entries(custom).map(([path, value]) => option(`custom.${path}`, path, true, value)),
]);

function option(id, path, isCustom, fallback) {
  return { id, path, name: id, isCustom, process: (value) => value ?? fallback, shouldApply: () => true };
}

standardTransformersRegistry.setInit(() => {
  const all = new Map(Object.values(standardTransformers).map((t) => [t.id, t])); // Some are there twice.
  return [...all.values()].map((transformation) => ({ id: transformation.id, name: transformation.name, transformation }));
});

// prepare returns the frames as the panel draws them.
export async function prepare(panel, frames, theme) {
  const transformed = panel.transformations ? await lastValueFrom(transformDataFrame(panel.transformations, frames)) : frames;
  const prepared = applyFieldOverrides({
    data: transformed, fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry, replaceVariables: (text) => text, theme, timeZone: 'browser',
  });
  cacheFieldDisplayNames(prepared);
  return prepared;
}
