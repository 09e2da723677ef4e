"""Property tests: small stories about few people, told in any order, repetition and batches."""
