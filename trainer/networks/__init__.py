"""Networks: builds them, chooses the precision of training, and exports them."""
