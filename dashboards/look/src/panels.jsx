// The kinds of panels: Grafana's components where it publishes them, and rough drawings of the others.
import { getDisplayValueAlignmentFactors, getFieldDisplayValues, renderMarkdown, VizOrientation } from '@grafana/data';
import { BarGauge, BigValue, TimeSeries, useTheme2, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { interpolateBlues } from 'd3-scale-chromatic';

const kinds = { timeseries: Lines, stat: Numbers, bargauge: Bars, table: Table, heatmap: Heatmap, 'state-timeline': States, text: Words };

export function Drawing(props) {
  const Kind = kinds[props.panel.type];
  const empty = props.panel.type !== 'stat' && props.panel.type !== 'text' && !props.frames.some((frame) => frame.length > 0);
  return empty ? 'No data' : <Kind {...props} />;
}

function Lines({ panel, frames, range, width, height }) {
  return <TimeSeries {...{ frames, width, height }} structureRev={1} timeRange={range} timeZone="browser" legend={panel.options.legend} options={panel.options} />;
}

function Numbers({ panel, frames, width, height }) {
  const { wideLayout, ...options } = panel.options;
  return (
    <Repeated {...{ panel, frames, width, height }} orientation={VizOrientation.Auto} autoGrid>
      {({ value, ...rest }) => <BigValue {...options} {...rest} value={value.display} disableWideLayout={!wideLayout} />}
    </Repeated>
  );
}

function Bars({ panel, frames, width, height }) {
  const { displayMode, namePlacement, valueMode, showUnfilled, minVizWidth, minVizHeight, maxVizHeight } = panel.options;
  const orientation = VizOrientation.Horizontal;
  return (
    <Repeated {...{ panel, frames, width, height, orientation, minVizWidth, minVizHeight, maxVizHeight }}>
      {({ value, ...rest }) => (
        <BarGauge {...rest} {...{ displayMode, namePlacement, showUnfilled, orientation }} value={value.display} field={value.field}
          display={value.view.getFieldDisplayProcessor(value.colIndex)} valueDisplayMode={valueMode} itemSpacing={10} lcdCellWidth={12} />
      )}
    </Repeated>
  );
}

// Repeated draws something for each value.
function Repeated({ panel, frames, children, ...rest }) {
  const theme = useTheme2();
  const values = () => getFieldDisplayValues({
    fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables: (text) => text, theme, data: frames, timeZone: 'browser',
  });
  return (
    <VizRepeater {...rest} getValues={values} getAlignmentFactors={getDisplayValueAlignmentFactors} source={frames} renderCounter={0} itemSpacing={10}
      renderValue={(props) => children({ ...props, theme })} />
  );
}

function Table({ panel, frames, range, width, height }) {
  return (
    <TableNG {...{ width, height }} data={frames[0]} structureRev={1} timeRange={range} fieldConfig={panel.fieldConfig} initialSortBy={panel.options.sortBy}
      cellHeight={panel.options.cellHeight} resizable getActions={() => []} />
  );
}

function Words({ panel }) {
  return <div className="markdown-html" dangerouslySetInnerHTML={{ __html: renderMarkdown(panel.options.content) }} />;
}

// Heatmap draws a row for each series, and a column that ends at each time.
function Heatmap({ panel, frames, range, step, width, height }) {
  const { options } = panel;
  const rows = frames.map(valuesByTime).sort((a, b) => number(a.name) - number(b.name));
  if (panel.targets[0].format === 'heatmap') { // Each bucket holds what the smaller ones do.
    rows.slice(1).forEach((row, i) => {
      const smaller = rows[i].get;
      row.own = (at) => row.get(at) - smaller(at);
    });
  }
  if (!options.yAxis.reverse) rows.reverse();
  const most = Math.max(...rows.flatMap((row) => row.times.map(row.own)));
  const { isDark } = useTheme2();
  const colour = (share) => interpolateBlues(isDark ? 1 - share : share);
  return (
    <Plot {...{ rows, range, width, height }}>
      {(row, x) => row.times.filter((at) => row.own(at) > options.filterValues.le).map((at) => (
        <rect key={at} x={x(at - step * 1000)} width={Math.max(1, x(at) - x(at - step * 1000) - options.cellGap)} height="95%"
          fill={colour((row.own(at) / most) ** options.color.exponent)} />
      ))}
    </Plot>
  );
}

// States draws a band for each series, whose colour changes with its state.
function States({ frames, range, step, width, height }) {
  const rows = frames.map(valuesByTime);
  return (
    <Plot {...{ rows, range, width, height }}>
      {(row, x) => row.times.map((at) => (
        <rect key={at} x={x(at)} width={x(at + step * 1000) - x(at)} y="10%" height="80%" fill={row.display(row.get(at)).color} opacity="0.8" />
      ))}
    </Plot>
  );
}

const number = (name) => Number(name.replace('+Inf', 'Infinity'));

function valuesByTime(frame) {
  const [times, values] = frame.fields;
  const byTime = new Map(times.values.map((at, i) => [at, values.values[i]]));
  const get = (at) => byTime.get(at) ?? 0;
  return { name: frame.name, times: times.values, get, own: get, display: values.display };
}

// Plot draws rows with their names at the left and times below.
function Plot({ rows, range, width, height, children }) {
  const theme = useTheme2();
  const left = 12 + 7 * Math.max(...rows.map(({ name }) => name.length)), foot = 20;
  const rowHeight = (height - foot) / rows.length;
  const from = range.from.valueOf(), span = range.to.valueOf() - from;
  const x = (at) => (Math.max(0, at - from) / span) * (width - left);
  return (
    <svg {...{ width, height }} display="block" fontSize="12" fill={theme.colors.text.primary}>
      {rows.map((row, i) => (
        <svg key={row.name} y={i * rowHeight} height={rowHeight}>
          {i % Math.ceil(14 / rowHeight) === 0 && <text x={left - 8} y={Math.max(11, rowHeight / 2 + 4)} textAnchor="end">{row.name}</text>}
          <svg x={left} width={width - left}>{children(row, x)}</svg>
        </svg>
      ))}
      {[0.1, 0.3, 0.5, 0.7, 0.9].map((share) => (
        <text key={share} x={left + share * (width - left)} y={height - 4} textAnchor="middle">
          {new Date(from + share * span).toLocaleString('sv').slice(5, 16)}
        </text>
      ))}
    </svg>
  );
}
