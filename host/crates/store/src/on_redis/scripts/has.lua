-- has: key → 1 or 0
return is_there(ARGV[2]) and 1 or 0
