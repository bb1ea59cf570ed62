"""What is inside the items: which type a body has, and what makes two bodies the same thing to a person."""
