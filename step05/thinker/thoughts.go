package main

import "fmt"

// A thought is what someone once said about a subject.
type thought struct {
	ID      int64  `json:"id,omitempty"`
	Quote   string `json:"quote"`
	Author  string `json:"author"`
	Subject string `json:"subject"`
}

// unknownSubject is the error for a subject without a thought.
type unknownSubject string

func (s unknownSubject) Error() string {
	return fmt.Sprintf("no thought on subject %q", string(s))
}
