package collector

// An asking remembers what was asked, to know an answer that may be old. "Re-requesting the current sync token … will always
// return the same results", says https://developers.asana.com/reference/getevents: what was answered to a token before, whether
// the answer came or not, may be what is answered now. Then it may end where the stream ended at that time, and only its own
// new token leads to the end of today.
type asking struct {
	token   string // The one that was asked with last, perhaps by the process before.
	answer  string // The token that came with the last answer; empty if an answer may have been lost.
	repeats bool   // The same token gave the same new one: this Asana does repeat its results.
}

// begin notes that token is asked with, and tells whether it was before.
func (a *asking) begin(token string) (again bool) {
	if token != "" && token == a.token {
		return true
	}
	a.token, a.answer = token, ""
	return false
}

// lost notes that no answer came.
func (a *asking) lost() { a.answer = "" }

// answered notes an answer to a token that was asked with before, and tells whether it may be old.
func (a *asking) answered(sync string, again bool) (old bool) {
	old = again && sync != a.token && (a.answer == "" || a.answer == sync)
	a.repeats = a.repeats || old && a.answer != ""
	a.answer = sync
	return old
}
