module thinker/shared

go 1.26.0
