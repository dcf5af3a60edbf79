"""HTX (Huobi) as a simulated venue: spot, linear swap, coin-margined swap and coin-margined future."""
