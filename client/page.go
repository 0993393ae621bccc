package client

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	fullPage = 1000 // Events, as Asana documents.

	maxEvents    = 100 * fullPage
	maxTextBytes = 1 << 20 // Of one string of an event: what is longer can't be read.
	maxSyncBytes = 4 << 10 // What is longer fits into no address.
)

// A Page is one answer of the event stream.
type Page struct {
	// Events are in the order of the answer, which promises none.
	Events []Event
	// Sync is the token to ask with next; never empty.
	Sync string
	// HasMore tells that more can be had at once.
	HasMore bool
	// NonObjects is how many elements of the page were no JSON objects, and so no events.
	NonObjects int
}

// An Event is what is counted of an event. What was null, absent or of the wrong kind is empty.
// See https://developers.asana.com/reference/events.
type Event struct {
	Action          string
	ResourceType    string
	ResourceSubtype string
	ChangeField     string
	ParentType      string
	CreatedAt       time.Time
}

// A decoder reads an answer token by token. It keeps nothing that it is not asked for.
type decoder struct {
	json    *jsontext.Decoder
	secret  secret
	names   map[string]string // Strings seen before: a page repeats few.
	scratch []byte
}

func newDecoder(r io.Reader, secret secret) *decoder {
	return &decoder{
		// One bad byte or a repeated name must not block the stream for a day.
		json:   jsontext.NewDecoder(r, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)),
		secret: secret,
		names:  map[string]string{},
	}
}

// page reads an answer to its end.
func (d *decoder) page() (Page, error) {
	var page Page
	err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case "data":
			page.Events, page.NonObjects, err = d.events()
		case "sync":
			page.Sync, err = d.sync()
		case "has_more":
			page.HasMore, err = d.bool()
		default:
			err = d.json.SkipValue()
		}
		return err
	})
	if err != nil {
		return Page{}, err
	}
	if page.Sync == "" {
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
	if _, err := d.json.ReadToken(); err != nil {
		return nil, 0, err
	}
	for d.more() {
		if events == nil {
			events = make([]Event, 0, fullPage)
		}
		if d.json.PeekKind() != jsontext.KindBeginObject {
			nonObjects++
			if err := d.json.SkipValue(); err != nil {
				return nil, 0, err
			}
			continue
		}
		if len(events) == maxEvents {
			return nil, 0, fmt.Errorf("%w: more than %d events", ErrTooLarge, maxEvents)
		}
		event, err := d.event()
		if err != nil {
			return nil, 0, err
		}
		events = append(events, event)
	}
	_, err = d.json.ReadToken()
	return events, nonObjects, err
}

func (d *decoder) event() (Event, error) {
	var e Event
	err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case "action":
			e.Action, err = d.text()
		case "resource":
			e.ResourceType, e.ResourceSubtype, err = d.two("resource_type", "resource_subtype")
		case "parent":
			e.ParentType, err = d.one("resource_type")
		case "change":
			e.ChangeField, err = d.one("field")
		case "created_at":
			e.CreatedAt, err = d.time()
		default:
			_, err = d.json.ReadValue() // Faster than SkipValue.
		}
		return err
	})
	return e, err
}

// one reads an object and returns the text of one of its members.
func (d *decoder) one(name string) (text string, err error) {
	err = d.object(func(member []byte) (err error) {
		if string(member) == name {
			text, err = d.text()
			return err
		}
		_, err = d.json.ReadValue()
		return err
	})
	return text, err
}

// two reads an object and returns the texts of two of its members.
func (d *decoder) two(name1, name2 string) (text1, text2 string, err error) {
	err = d.object(func(member []byte) (err error) {
		switch string(member) {
		case name1:
			text1, err = d.text()
		case name2:
			text2, err = d.text()
		default:
			_, err = d.json.ReadValue()
		}
		return err
	})
	return text1, text2, err
}

// workspaceName reads an answer about a workspace to its end.
func (d *decoder) workspaceName() (string, error) {
	var workspace string
	err := d.object(func(name []byte) (err error) {
		if string(name) == "data" {
			workspace, err = d.one("name")
			return err
		}
		return d.json.SkipValue()
	})
	if err != nil {
		return "", err
	}
	return workspace, d.end()
}

// refusalBody is what can be learned from an answer that is not 200.
type refusalBody struct{ message, phrase, sync string }

// refusal takes what it can get: the body of a refusal may be a web page.
func (d *decoder) refusal() refusalBody {
	var body refusalBody
	err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case "errors":
			body.message, body.phrase, err = d.first("message", "phrase")
		case "sync":
			body.sync, err = d.sync()
		default:
			err = d.json.SkipValue()
		}
		return err
	})
	if err != nil || d.end() != nil {
		body.sync = "" // A token of which half may be missing is none.
	}
	return body
}

// first reads an array and returns the texts of two members of its first element.
func (d *decoder) first(name1, name2 string) (text1, text2 string, err error) {
	if d.json.PeekKind() != jsontext.KindBeginArray {
		return "", "", d.json.SkipValue()
	}
	if _, err := d.json.ReadToken(); err != nil {
		return "", "", err
	}
	for i := 0; d.more(); i++ {
		if i == 0 {
			text1, text2, err = d.two(name1, name2)
		} else {
			err = d.json.SkipValue()
		}
		if err != nil {
			return text1, text2, err
		}
	}
	_, err = d.json.ReadToken()
	return text1, text2, err
}
