// The page: one dashboard on Grafana's grid of 24 columns. drawn() says whether all panels are there.
import { createTheme, DashboardCursorSync, EventBusSrv, setTimeZoneResolver, ThemeContext } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles, PanelChrome, PanelContextProvider } from '@grafana/ui';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { answers, rangeFrom, valuesOf } from './data.js';
import { prepare } from './fields.js';
import { Drawing } from './panels.jsx';

const address = new URLSearchParams(location.search);
const theme = createTheme({ colors: { mode: address.get('theme') } });
const margin = 16, gap = 8, rowHeight = 30; // Pixels, as in Grafana.

function Dashboard({ dashboard, prometheus }) {
  const width = window.innerWidth - 2 * margin;
  const column = (width - 23 * gap) / 24;
  const rows = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const place = ({ x, y, w, h }) => ({
    position: 'absolute',
    left: margin + x * (column + gap),
    top: margin + y * (rowHeight + gap),
    width: column * w + gap * (w - 1),
    height: rowHeight * h + gap * (h - 1),
  });
  return (
    <div style={{ position: 'relative', width: window.innerWidth, height: rows * (rowHeight + gap) + 2 * margin }}>
      {dashboard.panels.map((panel) => (
        <div key={panel.id} className="panel" data-title={panel.title} data-kind={panel.type} style={place(panel.gridPos)}>
          {panel.type === 'row' ? (
            <h6 data-drawn style={{ lineHeight: `${rowHeight}px` }}>{panel.title}</h6>
          ) : (
            <Panel panel={panel} dashboard={dashboard} prometheus={prometheus} {...place(panel.gridPos)} />
          )}
        </div>
      ))}
    </div>
  );
}

function Panel({ panel, dashboard, prometheus, width, height }) {
  const [data, setData] = useState(null);
  useEffect(() => {
    load(panel, dashboard, prometheus, width).then(setData, (error) => console.error(`${panel.title}: ${error}`));
  }, []);
  return (
    <PanelChrome title={panel.title} description={panel.description} width={width} height={height}>
      {(width, height) => data && (
        <div data-drawn style={{ width, height }}>
          <Drawing panel={panel} {...data} width={width} height={height} />
        </div>
      )}
    </PanelChrome>
  );
}

async function load(panel, dashboard, prometheus, width) {
  const range = rangeFrom(panel.timeFrom ?? dashboard.time.from);
  if (!panel.targets) return { frames: [], range };
  const { frames, step } = await answers(prometheus, panel, range, valuesOf(dashboard), width);
  return { frames: await prepare(panel, frames, theme), range, step };
}

setTimeZoneResolver(() => 'browser');
window.drawn = () => {
  const panels = [...document.querySelectorAll('.panel')];
  return panels.length > 0 && panels.every((panel) => panel.querySelector('[data-drawn]'));
};
await initPluginTranslations('look');
const dashboard = await (await fetch(`/dashboards/${address.get('dashboard')}.json`)).json();
const context = { eventsScope: 'look', eventBus: new EventBusSrv(), sync: () => DashboardCursorSync.Off };
createRoot(document.getElementById('root')).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <PanelContextProvider value={context}>
      <Dashboard dashboard={dashboard} prometheus={address.get('prometheus')} />
    </PanelContextProvider>
  </ThemeContext.Provider>,
);
