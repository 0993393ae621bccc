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

//go:build !darwin && !windows

// There, Go asks the system which CAs to trust.

package client

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestCAsOfTheEnvironment(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(emptyPage))
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // It minds being refused.
	server.StartTLS()
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))

	if got, want := inEnvironment(t, server.URL, "SSL_CERT_FILE="+ca), fmt.Sprintf("%+v\n", Page{Sync: "next:1"}); !strings.HasPrefix(got, want) {
		t.Errorf("with the CA: got %s, want %s", got, want)
	}
	if got := inEnvironment(t, server.URL); !strings.Contains(got, "certificate signed by unknown authority") {
		t.Errorf("without the CA: got %s", got)
	}
}
