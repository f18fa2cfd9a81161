#include "app/command.hpp"

int main(int argc, char** argv) { return bbprompt::run_application({argv + 1, argv + argc}); }
