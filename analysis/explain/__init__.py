"""What a person looks at and reads: lenses, headlines, words."""
