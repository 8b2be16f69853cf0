# podium_room(NAME SOURCES … USES room … LIBRARIES target …)
#
# One room is one static library podium_NAME. USES are the rooms it may include (linked PUBLIC, so a
# missing arrow does not link); LIBRARIES are third-party targets that stay behind its door.
function(podium_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(podium_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(podium_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
                                                   ${PROJECT_SOURCE_DIR}/src)
  foreach(room IN LISTS ROOM_USES)
    target_link_libraries(podium_${name} PUBLIC podium_${room})
  endforeach()
  target_link_libraries(podium_${name} PUBLIC fmt::fmt PRIVATE podium_warnings ${ROOM_LIBRARIES})
endfunction()
