package main

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
