// Copyright The asana_exporter Authors
// Licensed under the Apache License, Version 2.0 (the "License");
// you may not use this file except in compliance with the License.
// You may obtain a copy of the License at
//
// http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software
// distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
// See the License for the specific language governing permissions and
// limitations under the License.

package main

import (
	"bytes"
	"io"
	stdlog "log"
	"log/slog"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

// loggers is one logger in the two forms that libraries need. Both write the same format.
type loggers struct {
	kit  log.Logger
	slog *slog.Logger
}

// newLoggers returns loggers that write lines of at least the minimum level to w.
func newLoggers(w io.Writer, minimum, format string) loggers {
	w = log.NewSyncWriter(w)
	base := log.NewLogfmtLogger(w)
	if format == "json" {
		base = log.NewJSONLogger(w)
	}
	base = level.NewFilter(base, level.Allow(level.ParseDefault(minimum, level.InfoValue())))
	return loggers{
		kit: log.With(base, "caller", log.DefaultCaller, "time", log.DefaultTimestampUTC),
		// The handler adds caller and time itself. It passes every level on, and base filters.
		slog: slog.New(sloggokit.NewGoKitHandler(base, slog.LevelDebug)),
	}
}

// errorLog returns a logger at level error for libraries that need one of the standard library.
func (l loggers) errorLog() *stdlog.Logger {
	return slog.NewLogLogger(l.slog.Handler(), slog.LevelError)
}

// serverLog returns the logger of a http.Server. Failed TLS handshakes are at level debug: any port scan makes them.
func (l loggers) serverLog() *stdlog.Logger { return stdlog.New(serverLog{l.kit}, "", 0) }

type serverLog struct{ logger log.Logger }

func (s serverLog) Write(line []byte) (int, error) {
	at := level.Error
	if bytes.HasPrefix(line, []byte("http: TLS handshake error ")) {
		at = level.Debug
	}
	return len(line), at(s.logger).Log("msg", "web server", "err", bytes.TrimSpace(line))
}
