"""Who asks: profiles of shoppers, made of what they did lately."""
