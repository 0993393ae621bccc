package client

// texts keeps the strings that pages repeat, each in the place that its bytes in JSON hash to. A string that is read takes
// its place, so a hostile answer can neither fill it nor keep it full.
type texts [1024]knownText

// A knownText is a string as the page has it, with its quotes, and what it says.
type knownText struct{ json, text string }

// longestKnown is how long a string may be to be kept.
const longestKnown = 64

// place returns the place of a string. A hash of four numbers is enough to keep Asana's names apart.
func (t *texts) place(value []byte) *knownText {
	n := len(value)
	hash := uint(n) + uint(value[1])<<3 + uint(value[n/2])<<5 + uint(value[n-2])<<1
	return &t[hash%uint(len(t))]
}
