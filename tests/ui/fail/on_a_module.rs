use recursive_lambda::recursive_lambda;

#[recursive_lambda(batch = 400)]
mod job {}

fn main() {}
