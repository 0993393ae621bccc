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
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var matcher = regexp.MustCompile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'[^'"\\]*')\s*(,|$)`)

// parseSelector checks matchers such as job="asana", env=~"prod|test", and returns them as PromQL writes them.
func parseSelector(text string) (string, error) {
	var all []string
	for rest := text; rest != ""; {
		m := matcher.FindStringSubmatch(rest)
		if m == nil {
			return "", fmt.Errorf(`selector: %q is not a list of matchers such as job="asana", env=~"prod|test"`, rest)
		}
		value, err := strconv.Unquote(`"` + m[3][1:len(m[3])-1] + `"`)
		if err != nil {
			return "", fmt.Errorf("selector: %s: %w", m[3], err)
		}
		if strings.HasSuffix(m[2], "~") {
			if _, err := regexp.Compile("^(?s:" + value + ")$"); err != nil {
				return "", fmt.Errorf("selector: %w", err)
			}
		}
		all = append(all, m[1]+m[2]+strconv.Quote(value))
		rest = rest[len(m[0]):]
	}
	return strings.Join(all, ", "), nil
}

var metric = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*(\{)?`)

// selected adds the selector to each metric of the exporter in an expression.
func selected(expr, selector string) string {
	if selector == "" {
		return expr
	}
	return metric.ReplaceAllStringFunc(expr, func(found string) string {
		switch {
		case !strings.HasPrefix(found, "asana_") || strings.Contains(found, ":"):
			return found
		case strings.HasSuffix(found, "{"):
			return found + selector + ", "
		}
		return found + "{" + selector + "}"
	})
}

// queries are the arguments of query in a template: a text, or a format for one.
var queries = regexp.MustCompile(`\bquery (\(printf )?"(?:[^"\\]|\\.)*"`)

// selectedInQueries adds the selector to each metric of the exporter in the queries of a template.
func selectedInQueries(template, selector string) string {
	if selector == "" {
		return template
	}
	return queries.ReplaceAllStringFunc(template, func(found string) string {
		before, quoted, _ := strings.Cut(found, `"`)
		query, err := strconv.Unquote(`"` + quoted)
		if err != nil {
			return found // Prometheus refuses it, too.
		}
		if strings.Contains(before, "printf") {
			query = selected(query, strings.ReplaceAll(selector, "%", "%%"))
		} else {
			query = selected(query, selector)
		}
		return before + strconv.Quote(query)
	})
}
