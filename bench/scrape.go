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
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// shows waits until the series of a counter at address add up to want.
func shows(ctx context.Context, address, counter string, want int) <-chan error {
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		done <- untilShown(ctx, address, counter, want)
	}()
	return done
}

func untilShown(ctx context.Context, address, counter string, want int) error {
	for {
		got, err := scrape(ctx, address, counter)
		switch {
		case err == nil && got == float64(want):
			return nil
		case err == nil && got > float64(want):
			return fmt.Errorf("%s is %.0f, more than the %d events that there were", counter, got, want)
		case ctx.Err() != nil:
			return fmt.Errorf("%s is %.0f, not %d: %w", counter, got, want, ctx.Err())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// scrape returns the sum of the series of a counter.
func scrape(ctx context.Context, address, counter string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("scrape: unexpected status %s", response.Status)
	}
	return sum(response.Body, counter)
}

// sum adds up the series of a counter in an exposition in the text format.
func sum(exposition io.Reader, counter string) (float64, error) {
	total := 0.0
	lines := bufio.NewScanner(exposition)
	for lines.Scan() {
		line := lines.Text()
		end := strings.LastIndex(line, "} ")
		if end < 0 || !strings.HasPrefix(line, counter+"{") {
			continue
		}
		v, err := strconv.ParseFloat(line[end+2:], 64)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", counter, err)
		}
		total += v
	}
	return total, lines.Err()
}
