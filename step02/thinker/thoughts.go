package main

import "fmt"

// A thought is what someone once said on a subject.
type thought struct {
	Quote  string `json:"quote"`
	Author string `json:"author"`
}

// unknownSubject is the error for a subject that nobody has thought about.
type unknownSubject string

func (s unknownSubject) Error() string {
	return fmt.Sprintf("no thought on subject %q", string(s))
}

// find returns the thought on a subject, or unknownSubject.
func find(subject string) (*thought, error) {
	found, ok := thoughts[subject]
	if !ok {
		return nil, unknownSubject(subject)
	}
	return &found, nil
}

var thoughts = map[string]thought{
	"religion": {
		"My religion consists of a humble admiration of the illimitable superior spirit who reveals himself in the slight details we are able to perceive with our frail and feeble mind.",
		"Albert Einstein",
	},
	"technology": {
		"For a successful technology, reality must take precedence over public relations, for Nature cannot be fooled.",
		"Richard Feynman",
	},
	"war": {
		"One is left with the horrible feeling now that war settles nothing; that to win a war is as disastrous as to lose one.",
		"Agatha Christie",
	},
	"work": {
		"Life grants nothing to us mortals without hard work.",
		"Horace",
	},
	"music": {
		"Ah, music. A magic beyond all we do here!",
		"J. K. Rowling",
	},
	"mankind": {
		"I think that God in creating Man somewhat overestimated his ability.",
		"Oscar Wilde",
	},
}
