"""Tables of cases from elsewhere (CSV, Excel): looked at first, then taken row by row, each row once however often it comes."""
