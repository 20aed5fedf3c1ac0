package check_test

func wrong() map[int][]attempt  { return nil }
func honest() map[int][]attempt { return nil }
