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
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/go-kit/log/level"

	"github.com/asana-exporter/asana_exporter/client"
	"github.com/asana-exporter/asana_exporter/users"
)

const (
	// saveUsers is how often the users are saved, as long as they grow slowly. They are not part of a commit: nearly all users come
	// again, and the position in the stream does not depend on them.
	saveUsers = time.Minute
	// saveShare limits the saving of users who grow fast to 1/saveShare of the time.
	saveShare = 100
)

// A UserSaver makes Users durable; *Store is one.
type UserSaver interface{ SaveUsers(*users.Users) error }

// addUsers notes who caused the events of a page that was counted at now. The system is no user, and events without a date are in
// no window.
func (p *Poller) addUsers(events []client.Event, now time.Time) {
	for i := range events {
		event := &events[i]
		if at := dateOf(event, now); event.UserGID != "" && !at.IsZero() {
			p.users.Add(event.UserGID, event.Action, at, now)
		}
	}
}

// countUsers publishes how many users there are, and saves them if that is due or if end is true.
func (p *Poller) countUsers(now time.Time, end bool) {
	if counts, newer := p.users.Count(now); newer {
		p.changeView(func(v *View) { v.Users = counts })
	}
	if p.userSaver == nil || p.lost != nil || !p.users.Changed() || !end && !p.saveUsersDue(now) {
		return
	}
	p.usersSaved, p.usersPause = now, saveUsers // An error comes once a minute.
	if err := p.userSaver.SaveUsers(p.users); err != nil {
		level.Warn(p.logger).Log("msg", "active users not saved", "err", err)
		return
	}
	p.usersPause = saveShare * time.Since(now)
}

// saveUsersDue reports whether to save users who changed: after a minute, or after usersPause if SIGKILL would take a hundredth of them.
func (p *Poller) saveUsersDue(now time.Time) bool {
	since := now.Sub(p.usersSaved).Abs()
	return since >= saveUsers || since >= p.usersPause && p.users.Grown()
}

func (s *Store) usersName() string { return s.workspace + ".users" }

// SaveUsers makes users durable. It leaves a file that LoadUsers could not read as it is, until somebody moves it away.
func (s *Store) SaveUsers(u *users.Users) error {
	if s.unreadUsers != nil {
		if _, err := s.root.Lstat(s.usersName()); !errors.Is(err, fs.ErrNotExist) {
			return s.unreadUsers
		}
		s.unreadUsers = nil
	}
	content, err := u.Encode()
	if err == nil {
		err = s.replace(s.usersName(), func(w io.Writer) error {
			return seal(w, func(body *bufio.Writer) { _, _ = body.Write(content) })
		})
	}
	if err != nil {
		return advise(s.dir(), err)
	}
	u.Saved()
	return nil
}

// LoadUsers returns the users that were saved. On an error it returns empty Users, and the caller should log it: the counts are too low
// until the windows are over.
func (s *Store) LoadUsers() (*users.Users, error) {
	content, _, err := s.read(s.usersName())
	if errors.Is(err, fs.ErrNotExist) {
		return users.New(), nil
	}
	if err != nil {
		s.unreadUsers = fmt.Errorf("file of active users: %w", err)
		return users.New(), s.unreadUsers
	}
	body, err := verified(content)
	if err == nil {
		var u *users.Users
		if u, err = users.Decode(body); err == nil {
			return u, nil
		}
	}
	return users.New(), fmt.Errorf("file of active users: %w", err)
}
