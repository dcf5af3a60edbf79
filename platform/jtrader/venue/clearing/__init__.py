"""What a market does with money: what an order needs and what a fill moves. One implementation a product."""
