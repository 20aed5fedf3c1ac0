package main

// A thought is what someone once said on a subject.
type thought struct {
	ID      int64  `json:"id,omitempty"`
	Quote   string `json:"quote"`
	Author  string `json:"author"`
	Subject string `json:"subject"`
}
