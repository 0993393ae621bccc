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

package collector

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"

	"github.com/asana-exporter/asana_exporter/client"
	"github.com/asana-exporter/asana_exporter/users"
)

// by returns an event with a gid of its user.
func by(user, action string, created time.Time) client.Event {
	e := event(action, "task", created)
	e.UserGID = user
	return e
}

// Users are of committed pages, whichever way these came, and are gone from the windows without a further page.
func TestUsersArePublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := stream(
			client.Page{Events: []client.Event{by("a", "deleted", at(0)), by("a", "deleted", at(0)), by("b", "removed", at(0)), by("", "deleted", at(0)), by("c", "added", time.Time{})}},
			client.Page{Events: []client.Event{by("d", "deleted", at(time.Minute))}},
		)
		r := newRig(t, following(), Options{}, except(map[int]error{2: errors.New("no")}, pages))
		defer r.start()()
		time.Sleep(3 * time.Minute)
		wantEqual(t, "users", r.View().Users, users.Counts{Active: [4]uint64{3, 3, 3, 3}, Top: [2][2]uint64{{2, 2}, {1, 1}}})
		time.Sleep(70 * time.Minute)
		wantEqual(t, "users, later", r.View().Users, users.Counts{Active: [4]uint64{0, 3, 3, 3}, Top: [2][2]uint64{{0, 2}, {0, 1}}})
		time.Sleep(30 * time.Minute)
		wantEqual(t, "users, later still", r.View().Users.Top, [2][2]uint64{})
	})
}

// While Asana is away, the windows move on.
func TestUsersLeaveWhilePollsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := client.Page{Events: []client.Event{by("a", "deleted", at(0))}, Sync: "1"}
		r := newRig(t, following(), Options{}, func(call int, _ string) (client.Page, error) {
			if call == 0 {
				return first, nil
			}
			return client.Page{}, errors.New("away")
		})
		defer r.start()()
		time.Sleep(2 * time.Hour)
		wantEqual(t, "users", r.View().Users, users.Counts{Active: [4]uint64{0, 1, 1, 1}})
	})
}

// A page that can't be committed comes again: its users and its lines come with the commit.
func TestEventsAreLoggedOnceAndAfterTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		r := newRig(t, following(), Options{Logger: log.NewLogfmtLogger(&lines), LogActions: []string{"deleted"}},
			stream(client.Page{Events: []client.Event{by("a", "deleted", at(0)), by("b", "added", at(0))}}))
		r.disk.fail = func(save int) error {
			if save <= 3 && strings.Contains(lines.String(), "msg=event") {
				t.Error("logged before it was durable")
			}
			if save < 3 {
				return errors.New("disk full")
			}
			return nil
		}
		r.run(2 * time.Minute)
		if n := strings.Count(lines.String(), "msg=event"); n != 1 {
			t.Errorf("%d lines:\n%s", n, lines.String())
		}
		wantEqual(t, "top user", r.View().Users.Top[0], [2]uint64{1, 1})
	})
}

// A dead position is given up for a page without a token. That page counts like any other.
func TestEventsOfAPageWithoutATokenAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		r := newRig(t, following(), Options{Logger: log.NewLogfmtLogger(&lines), LogActions: []string{"all"}}, func(_ int, token string) (client.Page, error) {
			if token == "0" {
				return client.Page{}, &client.StatusError{Status: 400}
			}
			if token == "" {
				return client.Page{Sync: "1", Events: []client.Event{by("a", "deleted", time.Now())}}, nil
			}
			return client.Page{Sync: token}, nil
		})
		r.asana.anyToken = true
		r.run(26 * time.Hour)
		if n := strings.Count(lines.String(), "msg=event"); n != 1 {
			t.Errorf("%d lines", n)
		}
	})
}

// They are saved once a minute if there is something new, and at the end; that this fails is no reason to stop counting.
func TestActiveUsersAreSavedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		saver := &userDisk{fail: 2}
		page := func(user string) (page client.Page) { // One user more among many.
			for i := range 300 {
				page.Events = append(page.Events, by(strconv.Itoa(i), "added", at(0)))
			}
			page.Events = append(page.Events, by(user, "added", at(0)))
			return page
		}
		r := newRig(t, following(), Options{UserSaver: saver, Logger: log.NewLogfmtLogger(&lines)},
			stream(page("a"), page("a"), page("b"), page("b"), page("c"), page("c"), page("c"), page("c"), page("c"), page("d")))
		r.run(140 * time.Second)
		wantEqual(t, "saved", saver.at, []time.Duration{0, 60 * time.Second, 120 * time.Second, 140 * time.Second})
		if n := strings.Count(lines.String(), "active users not saved"); n != 1 {
			t.Errorf("%d warnings:\n%s", n, lines.String())
		}
	})
}

// While a crowd comes, users are saved with each page, so that SIGKILL takes few of them; but for no more than a hundredth of the
// time, and after an error a minute later.
func TestUsersAreSavedSoonerWhileTheyGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		page := func(first int) (page client.Page) {
			for i := range 50 {
				page.Events = append(page.Events, by(strconv.Itoa(first+i), "added", at(0)))
			}
			return page
		}
		saver := &userDisk{fail: 3, took: 200 * time.Millisecond}
		r := newRig(t, following(), Options{UserSaver: saver, Interval: 10 * time.Second},
			stream(page(0), page(0), page(50), page(100), page(150), page(200), page(200), page(200), page(200), page(200), page(250)))
		r.run(150 * time.Second)
		wantEqual(t, "saved", saver.at, []time.Duration{0, 20 * time.Second, 40 * time.Second, 100 * time.Second})
	})
}

// A userDisk is a UserSaver that notes when it is called, and fails once.
type userDisk struct {
	at   []time.Duration
	fail int // The number of the call, from 1.
	took time.Duration
}

func (d *userDisk) SaveUsers(u *users.Users) error {
	d.at = append(d.at, since())
	time.Sleep(d.took)
	if len(d.at) == d.fail {
		return errors.New("disk full")
	}
	u.Saved()
	return nil
}

func TestUsersSurviveARestart(t *testing.T) {
	store, now := openStore(t, t.TempDir()), at(0)
	u, err := store.LoadUsers()
	if err != nil {
		t.Fatal(err)
	}
	u.Add("a", "deleted", now, now)
	if err := store.SaveUsers(u); err != nil || u.Changed() {
		t.Fatalf("%v, still changed: %t", err, u.Changed())
	}
	if u, err = store.LoadUsers(); err != nil {
		t.Fatal(err)
	}
	got, _ := u.Count(now)
	wantEqual(t, "users", got, users.Counts{Active: [4]uint64{1, 1, 1, 1}})
}

// A file that can't be read stays until it is moved away: the operator is told to mend it.
func TestUnreadableFileOfUsersStays(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":   func(path string) error { return os.Symlink("elsewhere", path) },
		"large": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, maxStateBytes+1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			store := openStore(t, dir)
			path := filepath.Join(dir, store.usersName())
			if err := put(path); err != nil {
				t.Fatal(err)
			}
			u, err := store.LoadUsers()
			wantAdvice(t, "load", err, "move it away")
			u.Add("a", "added", at(0), at(0))
			before, _ := os.Lstat(path)
			wantAdvice(t, "save", store.SaveUsers(u), "move it away")
			if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
				t.Errorf("it was replaced: %v", err)
			}
			if err := os.Rename(path, path+".away"); err != nil {
				t.Fatal(err)
			}
			if err := store.SaveUsers(u); err != nil || u.Changed() {
				t.Errorf("after it was moved away: %v", err)
			}
		})
	}
}

func TestErrorOfSavingUsersSaysWhatToDo(t *testing.T) {
	store := openStore(t, t.TempDir())
	store.before = func(string) error { return syscall.ENOSPC }
	wantAdvice(t, "save", store.SaveUsers(users.New()), "make room there")
}

func wantAdvice(t *testing.T, what string, err error, advice string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), advice) {
		t.Errorf("%s: got %v, want %q", what, err, advice)
	}
}

// A file that is damaged or of another kind costs the users in it, is reported, and is replaced.
func TestDamagedFileOfUsersIsReported(t *testing.T) {
	store := openStore(t, t.TempDir())
	for _, content := range []string{"", "{}", encoded(t, NewEpoch(at(0)))} {
		if err := store.root.WriteFile(store.usersName(), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		u, err := store.LoadUsers()
		if err == nil || u == nil {
			t.Fatalf("%q: got %v and %v", content, u, err)
		}
		if err := store.SaveUsers(u); err != nil {
			t.Fatal(err)
		}
		if _, err := store.LoadUsers(); err != nil {
			t.Errorf("saved again: %v", err)
		}
	}
}
