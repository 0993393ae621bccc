package main

import (
	"io"
	stdlog "log"
	"log/slog"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

// loggers are one logger in the two forms that libraries ask for; their lines look alike.
type loggers struct {
	kit  log.Logger
	slog *slog.Logger
}

// newLoggers returns loggers that write to w what is at least as severe as the level.
func newLoggers(w io.Writer, minimum, format string) loggers {
	w = log.NewSyncWriter(w)
	base := log.NewLogfmtLogger(w)
	if format == "json" {
		base = log.NewJSONLogger(w)
	}
	base = level.NewFilter(base, level.Allow(level.ParseDefault(minimum, level.InfoValue())))
	return loggers{
		kit: log.With(base, "caller", log.DefaultCaller, "time", log.DefaultTimestampUTC),
		// The handler adds caller and time itself; what is too much for the level is dropped by base.
		slog: slog.New(sloggokit.NewGoKitHandler(base, slog.LevelDebug)),
	}
}

// errorLog returns the logger for libraries that know neither of the two.
func (l loggers) errorLog() *stdlog.Logger {
	return slog.NewLogLogger(l.slog.Handler(), slog.LevelError)
}
