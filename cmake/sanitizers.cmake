# PODIUM_SANITIZE=address,undefined instruments everything that is built.
if(PODIUM_SANITIZE)
  add_compile_options(-fsanitize=${PODIUM_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${PODIUM_SANITIZE})
endif()
