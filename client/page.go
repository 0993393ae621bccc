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

package client

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	fullPage = 1000 // Events, as Asana documents.

	maxEvents    = 100 * fullPage
	maxTextBytes = 1 << 20 // Of one string of an event; a longer one counts as empty.
	maxSyncBytes = 4 << 10 // A longer token fits into no URL.
	maxGIDBytes  = 64      // A gid has about 16 digits; a longer value is no gid.
)

// A Page is one answer of the event stream.
type Page struct {
	// Events are in the order of the answer, which Asana does not define. They are valid until the next call of Events.
	Events []Event
	// Sync is the token to ask with next; never empty.
	Sync string
	// HasMore reports whether the next page is available now.
	HasMore bool
	// NonObjects is how many elements of the page were no JSON objects, and so no events.
	NonObjects int
}

// Event holds the fields that we use. Null, absent or wrongly typed ones are empty.
// See https://developers.asana.com/reference/events.
type Event struct {
	Action          string
	ResourceType    string
	ResourceSubtype string
	ChangeField     string
	ParentType      string
	CreatedAt       time.Time
	// UserGID is who caused the event; empty for the system.
	UserGID string
	// ResourceGID and ParentGID are left empty without Options.ResourceGIDs.
	ResourceGID string
	ParentGID   string
}

// page reads an answer to its end.
func (d *decoder) page() (page Page, err error) {
	err = d.object(func(name []byte) (err error) {
		switch string(name) {
		case `"data"`:
			page.Events, page.NonObjects, err = d.events()
		case `"sync"`:
			page.Sync, err = d.sync()
		case `"has_more"`:
			page.HasMore, err = d.bool()
		default:
			err = d.skip()
		}
		return err
	})
	switch {
	case err != nil:
		return Page{}, err
	case page.Sync == "":
		return Page{}, errors.New("no usable sync token in it")
	}
	return page, d.end()
}

// events reads an array of events; null is an empty one.
func (d *decoder) events() (events []Event, nonObjects int, err error) {
	switch d.json.PeekKind() {
	case jsontext.KindNull:
		return nil, 0, d.json.SkipValue()
	case jsontext.KindBeginArray:
	default:
		if err := d.json.SkipValue(); err != nil {
			return nil, 0, err
		}
		return nil, 0, errors.New("its data is no array")
	}
	err = d.array(func(int) error {
		if d.json.PeekKind() != jsontext.KindBeginObject {
			nonObjects++
			return d.json.SkipValue()
		}
		if len(events) == maxEvents {
			return fmt.Errorf("%w: more than %d events", ErrTooLarge, maxEvents)
		}
		if events == nil {
			events = d.kept[:0]
		}
		events = append(events, Event{})
		return d.event(&events[len(events)-1])
	})
	if events != nil {
		d.kept = events
	}
	return events, nonObjects, err
}

// event reads an event. It has a loop of its own, as do resource and change: calls of a function for each name cost a tenth.
func (d *decoder) event(e *Event) error {
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	var oldType string // The deprecated type, for an event whose resource has none.
	for {
		name, err := d.name()
		if name == nil || err != nil {
			e.ResourceType = cmp.Or(e.ResourceType, oldType)
			return err
		}
		switch string(name) {
		case `"action"`:
			e.Action, err = d.text()
		case `"resource"`:
			e.ResourceType, e.ResourceSubtype, err = d.resource(d.resourceGID(&e.ResourceGID))
		case `"type"`:
			oldType, err = d.text()
		case `"parent"`:
			e.ParentType, _, err = d.resource(d.resourceGID(&e.ParentGID))
		case `"user"`:
			e.UserGID, err = d.user()
		case `"change"`:
			e.ChangeField, err = d.change()
		case `"created_at"`:
			e.CreatedAt, err = d.time()
		default:
			err = d.skip()
		}
		if err != nil {
			return err
		}
	}
}

// resourceGID returns gid, or nil without Options.ResourceGIDs: these gids seldom repeat, so each would be allocated.
func (d *decoder) resourceGID(gid *string) *string {
	if d.resourceGIDs {
		return gid
	}
	return nil
}

// resource reads the type and the subtype of an object, and its gid unless gid is nil.
func (d *decoder) resource(gid *string) (kind, subtype string, err error) {
	if gid != nil {
		*gid = "" // Of an object with the same name before.
	}
	if entered, err := d.enter(jsontext.KindBeginObject); !entered {
		return "", "", err
	}
	for {
		name, err := d.name()
		if name == nil || err != nil {
			return kind, subtype, err
		}
		switch string(name) {
		case `"resource_type"`:
			kind, err = d.text()
		case `"resource_subtype"`:
			subtype, err = d.text()
		case `"gid"`:
			if gid == nil {
				err = d.skip()
				break
			}
			var value jsontext.Value
			value, err = d.json.ReadValue()
			*gid = d.gidOf(value)
		default:
			err = d.skip()
		}
		if err != nil {
			return "", "", err
		}
	}
}

// user returns the gid of a user object. It caches the objects by their bytes: parsing one takes a tenth of the time of an event.
func (d *decoder) user() (gid string, err error) {
	value, err := d.json.ReadValue()
	if gid, ok := d.users[string(value)]; ok || err != nil {
		return gid, err
	}
	var user struct {
		GID jsontext.Value `json:"gid"`
	}
	if json.Unmarshal(value, &user, lenient()) == nil {
		gid = d.gidOf(user.GID)
	}
	if len(value) <= longestUser {
		if d.users == nil || len(d.users) >= keptUsers {
			d.users = map[string]string{}
		}
		d.users[string(value)] = gid
	}
	return gid, nil
}

// change reads the field of a change, or of the first of a list of changes.
func (d *decoder) change() (field string, err error) {
	if d.json.PeekKind() == jsontext.KindBeginArray {
		err = d.array(func(i int) (err error) {
			if i == 0 {
				field, err = d.member(`"field"`)
				return err
			}
			return d.skip()
		})
		return field, err
	}
	return d.member(`"field"`)
}

// member reads an object and returns the text of the member with this name, which is in quotes.
func (d *decoder) member(wanted string) (text string, err error) {
	err = d.object(func(name []byte) (err error) {
		if string(name) == wanted {
			text, err = d.text()
			return err
		}
		return d.skip()
	})
	return text, err
}

// workspaceName reads an answer about a workspace to its end.
func (d *decoder) workspaceName() (workspace string, err error) {
	err = d.object(func(name []byte) (err error) {
		if string(name) == `"data"` {
			workspace, err = d.member(`"name"`)
			return err
		}
		return d.skip()
	})
	if err != nil {
		return "", err
	}
	return workspace, d.end()
}
